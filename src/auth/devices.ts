import type { Clock } from "../lib/clock.ts";
import { sha256Hex } from "../lib/hash.ts";
import { newId } from "../lib/ids.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import type { Principal, Scope } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { DeviceStore, StoredDevice } from "../store/store.ts";
import { cleanName } from "./device-name.ts";
import { type ChangeListener, DeviceTable, type EndedListener } from "./device-table.ts";
import { LastSeen } from "./last-seen.ts";
import { PairedTokens, UNNAMED } from "./paired-tokens.ts";
import { inFile, inStore } from "./saving.ts";
import { Serial } from "./serial.ts";

/** `gateway.paired_tokens` as config.toml holds it. */
export interface TokenList {
  read(): Promise<readonly string[]>;
  /** May throw an error whose name is "ConfigReadOnly". */
  write(entries: readonly string[]): Promise<void>;
}

export interface DevicesOptions {
  readonly store: DeviceStore;
  readonly tokens: TokenList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface NewDevice {
  readonly name: string;
  readonly scope: Scope;
  /** Milliseconds since the epoch; absent: never. */
  readonly expires_at?: number;
}

export interface Minted {
  /** `zc_` and 64 hex digits. Seen only here: what is kept is its hash. */
  readonly token: string;
  readonly device: StoredDevice;
}

/**
 * Who may come in. The hashes in config.toml say which tokens are good; their names, scopes and times are in the store.
 * Changes run one after the other, so that none loses another's.
 */
export class Devices {
  readonly #options: DevicesOptions;
  readonly #table: DeviceTable;
  readonly #file: PairedTokens;
  readonly #lastSeen: LastSeen;
  readonly #changes = new Serial();

  constructor(options: DevicesOptions) {
    const { store, clock, log } = options;
    this.#options = options;
    this.#table = new DeviceTable(clock, log);
    this.#file = new PairedTokens({ ...options, table: this.#table });
    this.#lastSeen = new LastSeen(store, clock, log);
  }

  /** Brings file, store and memory together at the start. Rejects with what reading one of them throws. */
  load(): Promise<void> {
    return this.#changes.run(async () => {
      const entries = await this.#options.tokens.read();
      for (const row of await this.#options.store.list()) this.#table.restore(row);
      await this.#file.follow(entries); // ends the rows whose hash is not in the file any more
    });
  }

  /** Whose token it is; null when it is nobody's, or expired. */
  authenticate(token: string): Principal | null {
    return this.#table.authenticate(token);
  }

  /** False once the device was ended or its token has expired. */
  isCurrent(device_id: string): boolean {
    const device = this.#table.get(device_id);
    return device !== undefined && (device.expires_at === null || device.expires_at > this.#options.clock.now());
  }

  /** Null when there is no such device. */
  scopeOf(device_id: string): Scope | null {
    return this.#table.get(device_id)?.scope ?? null;
  }

  /** In the order they came. */
  list(): readonly StoredDevice[] {
    return this.#table.list();
  }

  /**
   * A new device and its token, which is good once this resolves. When it cannot be saved, nothing of it is left.
   * @throws Problem config_read_only, store_unavailable
   */
  mint({ name, scope, expires_at }: NewDevice): Promise<Minted> {
    return this.#changes.run(async () => {
      const { store, clock, random } = this.#options;
      const now = clock.now();
      const token = `zc_${random.bytes(32).toHex()}`;
      const token_hash = sha256Hex(token);
      const device: StoredDevice = {
        device_id: newId(now),
        token_hash,
        name: cleanName(name) ?? UNNAMED,
        scope,
        created_at: now,
        last_seen_at: null,
        expires_at: expires_at ?? null,
      };
      // The row first. If the process ends in between, a row without a hash goes at the next start, whereas a hash
      // without a row would come back as a device that nobody knows.
      await inStore(NOT_PAIRED.store, () => store.add(device));
      try {
        await inFile(NOT_PAIRED.file, () => this.#file.add(token_hash));
      } catch (error) {
        await this.#file.removeRows([device]);
        throw error;
      }
      this.#table.add(device);
      return { token, device };
    });
  }

  /**
   * Ends a device: its token is void before this resolves. False when there is no such device.
   * @throws Problem config_read_only when the file keeps its hash: the token is void until the next start
   */
  revoke(device_id: string): Promise<boolean> {
    return this.#changes.run(async () => {
      const device = this.#table.get(device_id);
      if (device === undefined) return false;
      this.#table.end(device_id);
      await inFile(NOT_REVOKED, () => this.#file.remove(device.token_hash));
      await this.#file.removeRows([device]);
      return true;
    });
  }

  /** Another name. False when there is no such device. @throws Problem bad_field, store_unavailable */
  rename(device_id: string, name: string): Promise<boolean> {
    return this.#changes.run(async () => {
      const device = this.#table.get(device_id);
      if (device === undefined) return false;
      const clean = cleanName(name);
      if (clean === null) throw new Problem("bad_field", { detail: NO_NAME });
      const { store } = this.#options;
      await inStore(NOT_RENAMED, async () => {
        // No row: it could not be saved when the file brought the device.
        if (!(await store.rename(device_id, clean))) await store.add({ ...device, name: clean });
      });
      this.#table.rename(device_id, clean);
      return true;
    });
  }

  /** Ends every device (`--new-pairing`), the file first. @throws Problem config_read_only, and then nobody is ended */
  clear(): Promise<void> {
    return this.#changes.run(async () => {
      await inFile(NOT_CLEARED, () => this.#file.clear());
      for (const { device_id } of this.#table.list()) this.#table.end(device_id);
      const rows = await inStore(ROWS_LEFT, () => this.#options.store.list());
      await this.#file.removeRows(rows);
    });
  }

  /** Follows an edit of the file, which holds `entries` now: removed hashes end their devices, added ones appear. */
  sync(entries: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      // Read again: a change that ran since `entries` were read may have written the file.
      const current = await this.#options.tokens.read().catch(() => entries);
      await this.#file.follow(current);
    });
  }

  /** Notes that the device made a request. */
  touch(device_id: string): void {
    const now = this.#options.clock.now();
    if (this.#table.seen(device_id, now)) this.#lastSeen.note(device_id, now);
  }

  /** Saves what `touch` noted: before the store closes. Never rejects. */
  flush(): Promise<void> {
    return this.#lastSeen.flush();
  }

  /** Calls `listener` when a device may not go on: revoked, gone from the file, expired. Returns how to stop that. */
  onEnded(listener: EndedListener): () => void {
    return this.#table.onEnded(listener);
  }

  /** Calls `listener` when a device is added, renamed or ended. Returns how to stop that. */
  onChange(listener: ChangeListener): () => void {
    return this.#table.onChange(listener);
  }
}

const NOT_PAIRED = {
  store: "The device could not be saved in the store, so it has no token. Free disk space and try again.",
  file: "The token could not be saved in config.toml, so it was not given out. Make that file writable for the gateway and try again.",
} as const;
const NOT_REVOKED =
  "The device's token is void until the gateway restarts, but config.toml could not be written. Remove its hash from gateway.paired_tokens there to end it for good.";
const NOT_RENAMED = "The new name could not be saved in the store. Free disk space and try again.";
const NOT_CLEARED =
  "The paired tokens could not be removed from config.toml, so they are still good. Make that file writable for the gateway and try again.";
const ROWS_LEFT = "The paired tokens are removed, but the store could not be read to forget their names.";
const NO_NAME = 'The field "name" has nothing that can be shown. Send a name of 1 to 64 characters.';
