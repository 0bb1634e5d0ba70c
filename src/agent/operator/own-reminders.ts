import type { StoredReminder } from "../../store/store.ts";
import type { CommandContext } from "./command.ts";

// The store lists those of all devices; this is more than they can have together in any sane gateway.
const SEARCHED = 10_000;

/** Reminders that were not given yet and that the asker may see, soonest first. */
export async function ownReminders({
  desk,
  asker,
}: Pick<CommandContext, "desk" | "asker">): Promise<readonly StoredReminder[]> {
  const all = await desk.reminders.pending(SEARCHED);
  return asker.reach === "owner" ? all : all.filter(({ device_id }) => device_id === asker.device_id);
}
