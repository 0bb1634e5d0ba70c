import type { StoredReminder } from "../../store/store.ts";
import type { AtDesk } from "./at-desk.ts";

/** Characters that a reminder may have. */
export const MAX_REMINDER = 4_096;
/** Reminders that one device may have waiting. */
export const MAX_WAITING = 200;
// The store lists those of all devices; this is more than they can have together in any sane gateway.
const SEARCHED = 10_000;

/** Reminders that were not given yet and that the asker may see, soonest first. */
export async function ownReminders({ desk, asker }: AtDesk): Promise<readonly StoredReminder[]> {
  const all = await desk.reminders.pending(SEARCHED);
  return asker.reach === "owner" ? all : all.filter(({ device_id }) => device_id === asker.device_id);
}

/**
 * Sets a reminder of the asker's, once for each id: set already, it stays as it was. Returns when it is due; null when as
 * many as may be are waiting.
 */
export async function setReminder(
  { desk, asker }: AtDesk,
  reminder: Omit<StoredReminder, "device_id">,
): Promise<number | null> {
  const { device_id } = asker;
  const waiting = (await ownReminders({ desk, asker })).filter((each) => each.device_id === device_id);
  const earlier = waiting.find(({ reminder_id }) => reminder_id === reminder.reminder_id);
  if (earlier) return earlier.due_at;
  if (waiting.length >= MAX_WAITING) return null;
  await desk.reminders.add({ ...reminder, device_id });
  return reminder.due_at;
}
