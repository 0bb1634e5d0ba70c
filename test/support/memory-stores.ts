import type { TokenList } from "../../src/auth/devices.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Random } from "../../src/lib/random.ts";
import { Log } from "../../src/observe/log.ts";
import type {
  DeviceStore,
  IdempotencyRecord,
  IdempotencyStore,
  Lockout,
  LockoutStore,
  StoredDevice,
} from "../../src/store/store.ts";

/** Every write waits for `gate`; with a `failure` set it fails with that and changes nothing. */
class Writes {
  gate: Promise<void> = Promise.resolve();
  failure: Error | null = null;

  protected async attempt<T>(work: () => T): Promise<T> {
    await this.gate;
    if (this.failure) throw this.failure;
    return work();
  }
}

export class MemoryDeviceStore extends Writes implements DeviceStore {
  readonly rows = new Map<string, StoredDevice>();

  async list(): Promise<readonly StoredDevice[]> {
    return [...this.rows.values()];
  }

  add(device: StoredDevice): Promise<void> {
    return this.attempt(() => void this.rows.set(device.device_id, device));
  }

  rename(device_id: string, name: string): Promise<boolean> {
    return this.attempt(() => this.#change(device_id, { name }));
  }

  remove(device_ids: readonly string[]): Promise<void> {
    return this.attempt(() => {
      for (const id of device_ids) this.rows.delete(id);
    });
  }

  seen(times: ReadonlyMap<string, number>): Promise<void> {
    return this.attempt(() => {
      for (const [id, last_seen_at] of times) this.#change(id, { last_seen_at });
    });
  }

  #change(device_id: string, change: Partial<StoredDevice>): boolean {
    const row = this.rows.get(device_id);
    if (row) this.rows.set(device_id, { ...row, ...change });
    return row !== undefined;
  }
}

export class MemoryLockoutStore extends Writes implements LockoutStore {
  readonly rows = new Map<string, Lockout>();
  puts = 0;

  async list(): Promise<readonly Lockout[]> {
    return [...this.rows.values()];
  }

  put(lockouts: readonly Lockout[]): Promise<void> {
    this.puts += 1;
    return this.attempt(() => {
      for (const lockout of lockouts) this.rows.set(`${lockout.kind} ${lockout.client}`, lockout);
    });
  }

  clear(): Promise<void> {
    return this.attempt(() => this.rows.clear());
  }
}

export class MemoryIdempotencyStore extends Writes implements IdempotencyStore {
  readonly rows = new Map<string, IdempotencyRecord>();
  gets = 0;

  async get(scope: string, key: string): Promise<IdempotencyRecord | null> {
    this.gets += 1;
    return this.rows.get(`${scope}\n${key}`) ?? null;
  }

  put(record: IdempotencyRecord): Promise<void> {
    return this.attempt(() => void this.rows.set(`${record.scope}\n${record.key}`, record));
  }

  remove(scope: string, key: string): Promise<void> {
    return this.attempt(() => void this.rows.delete(`${scope}\n${key}`));
  }

  purge(before: number, limit: number): Promise<number> {
    return this.attempt(() => {
      const old = [...this.rows].filter(([, row]) => row.created_at < before).slice(0, limit);
      for (const [id] of old) this.rows.delete(id);
      return old.length;
    });
  }
}

/** `gateway.paired_tokens` without a file. */
export class MemoryTokenList extends Writes implements TokenList {
  entries: readonly string[] = [];
  writes = 0;

  async read(): Promise<readonly string[]> {
    return this.entries;
  }

  write(entries: readonly string[]): Promise<void> {
    this.writes += 1;
    return this.attempt(() => {
      this.entries = entries;
    });
  }
}

/** A log that keeps its lines. */
export function memoryLog(clock: Clock): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: new Log({ clock, write: (line) => lines.push(line), format: "json", level: "debug" }), lines };
}

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: number): Random {
  let count = 0;
  return {
    bytes(length) {
      const blocks = Array.from({ length: Math.ceil(length / 32) }, () => {
        count += 1;
        return new Bun.CryptoHasher("sha256").update(`${seed} ${count}`).digest();
      });
      return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
    },
  };
}
