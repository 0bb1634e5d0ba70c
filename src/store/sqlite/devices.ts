import type { DeviceStore, StoredDevice } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import type { Writer } from "./writer.ts";

export class SqliteDevices implements DeviceStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  list(): Promise<readonly StoredDevice[]> {
    return this.#db.read(() =>
      this.#db.all<StoredDevice>(
        `SELECT device_id, token_hash, name, scope, created_at, last_seen_at, expires_at
         FROM devices ORDER BY created_at, device_id`,
      ),
    );
  }

  async add(device: StoredDevice): Promise<void> {
    try {
      await this.#writer.write(() => {
        this.#db.run(
          `INSERT INTO devices (device_id, token_hash, name, scope, created_at, last_seen_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          device.device_id,
          device.token_hash,
          device.name,
          device.scope,
          device.created_at,
          device.last_seen_at,
          device.expires_at,
        );
      });
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      throw new Error(`Cannot add device "${device.device_id}": its id or its token is stored already`, { cause });
    }
  }

  rename(device_id: string, name: string): Promise<boolean> {
    return this.#writer.write(
      () => this.#db.run("UPDATE devices SET name = ? WHERE device_id = ?", name, device_id).changes > 0,
    );
  }

  remove(device_ids: readonly string[]): Promise<void> {
    const ids = JSON.stringify(device_ids);
    return this.#writer.write(() => {
      this.#db.run("DELETE FROM devices WHERE device_id IN (SELECT value FROM json_each(?))", ids);
    });
  }

  seen(times: ReadonlyMap<string, number>): Promise<void> {
    const entries = [...times]; // as they are now: the caller may go on filling the map
    return this.#writer.write(() => {
      for (const [device_id, at] of entries) {
        this.#db.run(
          "UPDATE devices SET last_seen_at = max(coalesce(last_seen_at, 0), ?) WHERE device_id = ?",
          at,
          device_id,
        );
      }
    });
  }
}
