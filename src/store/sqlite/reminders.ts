import type { ReminderStore, StoredReminder } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import type { Writer } from "./writer.ts";

export class SqliteReminders implements ReminderStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  async add(reminder: StoredReminder): Promise<void> {
    try {
      await this.#writer.write(() => {
        this.#db.run(
          `INSERT INTO reminders (reminder_id, session_id, device_id, text, due_at, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
          reminder.reminder_id,
          reminder.session_id,
          reminder.device_id,
          reminder.text,
          reminder.due_at,
          reminder.created_at,
        );
      });
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      throw new Error(`Cannot add reminder "${reminder.reminder_id}": one with this id is stored already`, { cause });
    }
  }

  pending(limit: number): Promise<readonly StoredReminder[]> {
    return this.#db.read(() =>
      this.#db.all<StoredReminder>(
        `SELECT reminder_id, session_id, device_id, text, due_at, created_at
         FROM reminders ORDER BY due_at, id LIMIT ?`,
        limit,
      ),
    );
  }

  remove(reminder_id: string): Promise<boolean> {
    return this.#writer.write(
      () => this.#db.run("DELETE FROM reminders WHERE reminder_id = ?", reminder_id).changes > 0,
    );
  }
}
