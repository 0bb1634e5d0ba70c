import { Problem } from "../protocol/problem.ts";
import type { Runs } from "../runs/runs.ts";
import type { Store, StoredReminder } from "../store/store.ts";

/**
 * Says a reminder in its session. The run is stored under the reminder's id as its key, so that a crash between the two
 * writes does not say it twice.
 */
export async function remind(
  runs: Runs,
  store: Pick<Store, "reminders" | "idempotency">,
  reminder: StoredReminder,
): Promise<void> {
  const { reminder_id, session_id, device_id, text } = reminder;
  const key = { scope: "reminder", key: reminder_id, fingerprint: reminder_id };
  if ((await store.idempotency.get(key.scope, key.key)) === null) {
    try {
      await runs.start({ session_id, device_id, origin: "reminder", reach: "channel", text, key });
    } catch (error) {
      if (error instanceof Problem) return; // the session is busy or the gateway stops: it is still pending
      throw error;
    }
  }
  await store.reminders.remove(reminder_id);
}
