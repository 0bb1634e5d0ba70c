import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Log } from "../observe/log.ts";
import type { DeviceStore, StoredDevice } from "../store/store.ts";
import type { DeviceTable } from "./device-table.ts";
import type { TokenList } from "./devices.ts";
import { parseEntries, type TokenEntry } from "./token-entries.ts";

export interface PairedTokensOptions {
  readonly tokens: TokenList;
  readonly store: DeviceStore;
  readonly table: DeviceTable;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a device is called that told no name, or that only the file knows. */
export const UNNAMED = "unnamed device";

/**
 * `gateway.paired_tokens`, which says who may come in, and what memory and store must make of it. Every change begins
 * by reading the file and following it, so that a person's edit is never written over. Rejects with what reading or
 * writing the file throws. Not for use by two at once: Devices calls it from its queue.
 */
export class PairedTokens {
  readonly #tokens: TokenList;
  readonly #store: DeviceStore;
  readonly #table: DeviceTable;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Hashes that let nobody in although the file may still hold them, because it could not be written. */
  readonly #barred = new Set<string>();
  readonly #warned = new Set<string>();

  constructor({ tokens, store, table, clock, log }: PairedTokensOptions) {
    this.#tokens = tokens;
    this.#store = store;
    this.#table = table;
    this.#clock = clock;
    this.#log = log;
  }

  /** Makes memory and store follow what the file holds. */
  async follow(texts: readonly string[]): Promise<readonly TokenEntry[]> {
    const entries = parseEntries(texts);
    const hashes = new Set(entries.map(({ hash }) => hash));
    for (const hash of this.#barred) if (!hashes.has(hash)) this.#barred.delete(hash);
    const gone = this.#table.list().filter(({ token_hash }) => !hashes.has(token_hash));
    for (const { device_id } of gone) this.#table.end(device_id);
    await this.removeRows(gone);
    for (const [i, entry] of entries.entries()) await this.#adopt(entry, i + 1);
    if (entries.some(({ plaintext }) => plaintext)) await this.#hashInFile(entries);
    return entries;
  }

  /** Adds a device's hash. When that fails, the hash is not there and lets nobody in. */
  async add(token_hash: string): Promise<void> {
    const texts = this.#textsOf(await this.follow(await this.#tokens.read()));
    try {
      await this.#tokens.write([...texts, token_hash]);
    } catch (error) {
      // It may have landed before it failed (a sync that failed): take it back, and do not believe it if it stays.
      this.#barred.add(token_hash);
      await this.#tokens.write(texts).catch(() => undefined);
      throw error;
    }
  }

  /** Takes a hash away. When that fails, the hash lets nobody in all the same, until the next start. */
  async remove(token_hash: string): Promise<void> {
    this.#barred.add(token_hash);
    const entries = await this.follow(await this.#tokens.read());
    await this.#tokens.write(this.#textsOf(entries));
  }

  async clear(): Promise<void> {
    await this.#tokens.write([]);
    this.#barred.clear();
  }

  /** A row without a hash in the file lets nobody in, so one that cannot be removed now can wait for the next start. */
  async removeRows(devices: readonly StoredDevice[]): Promise<void> {
    if (devices.length === 0) return;
    try {
      await this.#store.remove(devices.map(({ device_id }) => device_id));
    } catch (error) {
      this.#log.warn("Cannot remove ended devices from the store: trying again at the next start", {
        error: String(error),
      });
    }
  }

  /** Makes a device of an entry that has none. */
  async #adopt({ hash, plaintext }: TokenEntry, position: number): Promise<void> {
    if (hash === null) {
      this.#warnOnce("Ignored an entry of gateway.paired_tokens: it is no hash and no token", position);
      return;
    }
    if (this.#table.has(hash) || this.#barred.has(hash)) return;
    const device_id = newId(this.#clock.now());
    const device: StoredDevice = {
      device_id,
      token_hash: hash,
      name: UNNAMED,
      // Whoever wrote a token there is the owner of this machine. The scope of a bare hash was lost with its database;
      // it must not be guessed upwards.
      scope: plaintext ? "owner" : "chat",
      created_at: this.#clock.now(),
      last_seen_at: null,
      expires_at: null,
    };
    this.#table.add(device);
    if (!plaintext) {
      this.#log.warn("Unknown hash in gateway.paired_tokens: its device may only chat. Pair it again to give it more", {
        position,
        device_id,
      });
    }
    try {
      await this.#store.add(device);
    } catch (error) {
      this.#log.error("Cannot save a device that config.toml brought: after a restart it has another id", {
        device_id,
        error: String(error),
      });
    }
  }

  async #hashInFile(entries: readonly TokenEntry[]): Promise<void> {
    try {
      await this.#tokens.write(this.#textsOf(entries));
      this.#log.info("Replaced tokens in gateway.paired_tokens by their hashes");
    } catch (error) {
      this.#warnOnce(
        `A token stands in gateway.paired_tokens in plain text and cannot be replaced by its hash: ${error}`,
      );
    }
  }

  /** The file is followed before every change; what is wrong with it need not be said every time. */
  #warnOnce(message: string, position?: number): void {
    const id = `${position} ${message}`;
    if (this.#warned.has(id)) return;
    this.#warned.add(id);
    this.#log.warn(message, { position });
  }

  /** What to write: every entry once, in the file's order, without what could not be removed before. */
  #textsOf(entries: readonly TokenEntry[]): readonly string[] {
    const kept = entries.filter(({ hash }) => hash === null || !this.#barred.has(hash));
    return [...new Set(kept.map(({ text }) => text))];
  }
}
