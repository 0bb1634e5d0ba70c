import { clean } from "../../lib/plain-text.ts";
import { rfc3339 } from "../../lib/time.ts";
import type { StoredNote } from "../../store/store.ts";
import { keepNote, ownNotes } from "../desk/own-notes.ts";
import { listed, refused, shown, told } from "./results.ts";
import { makeTool } from "./tool.ts";

const LIMIT = 20;
/** Of a note in a list; three bytes a character at most, so that the first one always fits. */
const SHOWN = 8_000;

export const listNotes = makeTool("tool_list_notes", {
  name: "list_notes",
  title: "List notes",
  about: "Lists what was noted here with add_note or /note, latest first. search finds notes by their words.",
  reach: "chat",
  readOnly: true,
  fields: { limit: `How many, at most. Left out: ${LIMIT}.` },
  async run(context, { limit = LIMIT }) {
    const found = await ownNotes(context, limit + 1);
    return listed(
      "notes",
      found.slice(0, limit).map(row),
      found.length > limit,
      "search for words of the one you want.",
    );
  },
});

export const addNote = makeTool("tool_add_note", {
  name: "add_note",
  title: "Remember something",
  about:
    "Keeps a note for later conversations. Write it so that it can be understood alone: with names, dates and what it is about. Do not note passwords or keys.",
  reach: "chat",
  readOnly: false,
  fields: { text: "What to remember." },
  async run(context, { text }) {
    const { id, now, user } = context;
    const kept = clean(text).trim();
    if (kept === "") return refused('"text" is empty. Nothing was noted.');
    await keepNote(context, { note_id: id, text: kept, created_at: now }, (user.run?.attempt ?? 1) > 1);
    return told({ note_id: id });
  },
});

function row({ note_id, text, created_at }: StoredNote) {
  return { note_id, at: rfc3339(created_at), text: shown(text, SHOWN) };
}
