import { clean } from "../../../lib/plain-text.ts";
import { keepNote, MAX_NOTE, ownNotes } from "../../desk/own-notes.ts";
import { ownReminders } from "../../desk/own-reminders.ts";
import type { Command } from "../command.ts";
import { grouped, relative, shortIds } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const DEFAULT = 20;
const MAX = 100;

export const note: Command = {
  name: "note",
  args: "<text>",
  summary: "remember something",
  reach: "chat",
  looks: true,
  async run({ desk, asker, turn, args, now }) {
    const text = clean(args).trim();
    if (text === "") return "Write the note after the command, for example `/note the staging key is in the safe`.";
    if (text.length > MAX_NOTE) {
      return `A note holds at most ${grouped(MAX_NOTE)} characters, and this one has ${grouped(text.length)}. Nothing was noted.`;
    }
    // The note has its run's id, so that a run which begins again after a crash does not write it twice.
    const note_id = turn.run_id;
    await keepNote({ desk, asker }, { note_id, text, created_at: now }, turn.attempt > 1);
    return `Noted as ${code(shortIds([note_id])(note_id))}. \`/notes\` lists what is noted, \`/search\` finds it.`;
  },
};

export const notes: Command = {
  name: "notes",
  args: "[n]",
  summary: "the latest notes",
  reach: "chat",
  looks: true,
  async run({ desk, asker, args, now }) {
    if (args !== "" && !/^[1-9]\d{0,8}$/.test(args))
      return `Write \`/notes\` or \`/notes 50\`; at most ${MAX} are shown.`;
    const limit = args === "" ? DEFAULT : Math.min(MAX, Number(args));
    const found = await ownNotes({ desk, asker }, limit);
    if (found.length === 0) return "Nothing is noted. `/note <text>` remembers something.";
    const short = shortIds(found.map(({ note_id }) => note_id));
    const lines = found.map(
      ({ note_id, text, created_at }) =>
        `- ${code(short(note_id))}, ${relative(created_at, now)}: ${inline(text, 400)}`,
    );
    const more = found.length === limit && limit < MAX ? ` There may be more: \`/notes ${MAX}\`.` : "";
    return `${lines.join("\n")}\n\n\`/forget <id>\` removes one.${more}`;
  },
};

export const forget: Command = {
  name: "forget",
  args: "<id>",
  summary: "remove a note or a reminder",
  reach: "chat",
  looks: true,
  async run(context) {
    const { desk, args } = context;
    const wanted = args.toLowerCase().replace(/^[`"']|[`"']$/g, "");
    if (!/^[0-9a-f]{4}[0-9a-f-]{0,32}$/.test(wanted)) {
      return "Write the id of a note or reminder after the command, or its beginning; `/notes` and `/reminders` list them.";
    }
    const all = [
      ...(await ownNotes(context)).map(({ note_id, text }) => ({ what: "note", id: note_id, text })),
      ...(await ownReminders(context)).map(({ reminder_id, text }) => ({ what: "reminder", id: reminder_id, text })),
    ];
    const found = all.filter(({ id }) => id.startsWith(wanted));
    const [first] = found;
    if (!first)
      return `No note or reminder of yours has an id beginning with ${code(wanted)}. \`/notes\` and \`/reminders\` list them.`;
    if (found.length > 1) {
      return `${found.length} notes and reminders have an id beginning with ${code(wanted)}: give more of it. Nothing was removed.`;
    }
    const removed = first.what === "note" ? await desk.notes.remove(first.id) : await desk.reminders.remove(first.id);
    const shown = `the ${first.what} “${inline(first.text, 80)}”`;
    return removed ? `Removed ${shown}.` : `There was nothing left to remove: ${shown} is gone already.`;
  },
};
