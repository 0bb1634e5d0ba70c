import type { StoredNote } from "../../store/store.ts";
import { ownOnly } from "./asker.ts";
import type { AtDesk } from "./at-desk.ts";

/** Characters that a note may have. */
export const MAX_NOTE = 16_384;
/** Notes that are looked through for one of them. */
const SEARCHED = 1_000;

/** The latest notes that the asker may see. */
export function ownNotes({ desk, asker }: AtDesk, limit = SEARCHED): Promise<readonly StoredNote[]> {
  return desk.notes.list({ ...ownOnly(asker), limit });
}

/** Stores a note. `again`: it may have been stored by an earlier attempt at the same run, under the same id. */
export async function keepNote(
  { desk, asker }: AtDesk,
  note: Omit<StoredNote, "device_id">,
  again: boolean,
): Promise<void> {
  if (again && (await ownNotes({ desk, asker })).some(({ note_id }) => note_id === note.note_id)) return;
  await desk.notes.add({ ...note, device_id: asker.device_id });
}
