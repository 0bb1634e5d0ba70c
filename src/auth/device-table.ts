import type { Clock } from "../lib/clock.ts";
import { sha256Hex } from "../lib/hash.ts";
import type { Log } from "../observe/log.ts";
import type { Principal } from "../protocol/principal.ts";
import type { StoredDevice } from "../store/store.ts";
import { Expiry } from "./expiry.ts";

export type DeviceChange = "added" | "renamed" | "ended";
export type EndedListener = (device_id: string) => void;
export type ChangeListener = (device: StoredDevice, change: DeviceChange) => void;

const MAX_TOKEN = 256;

/** The devices that may come in, in memory: found by their token or their id, and who is told when they change. */
export class DeviceTable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byHash = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();
  readonly #expiry: Expiry;
  readonly #endedListeners = new Set<EndedListener>();
  readonly #changeListeners = new Set<ChangeListener>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#expiry = new Expiry(clock, (device_id) => this.#tellEnded(device_id));
  }

  /** One hash and one look-up, for every request. How near a wrong token was cannot be learned from the time this takes. */
  authenticate(token: string): Principal | null {
    if (token.length > MAX_TOKEN) return null;
    const entry = this.#byHash.get(sha256Hex(token));
    if (entry === undefined) return null;
    const { expires_at } = entry.device;
    return expires_at !== null && expires_at <= this.#clock.now() ? null : entry.principal;
  }

  get(device_id: string): StoredDevice | undefined {
    return this.#byId.get(device_id)?.device;
  }

  has(token_hash: string): boolean {
    return this.#byHash.has(token_hash);
  }

  /** In the order they came. */
  list(): readonly StoredDevice[] {
    return Array.from(this.#byId.values(), rowOf);
  }

  /** Takes over a device of an earlier process. Nobody is told. */
  restore(device: StoredDevice): void {
    this.#set({ device, principal: principalOf(device), lastSeenAt: device.last_seen_at });
    if (device.expires_at !== null) this.#expiry.watch(device.device_id, device.expires_at);
  }

  add(device: StoredDevice): void {
    this.restore(device);
    this.#tellChange(device, "added");
  }

  rename(device_id: string, name: string): void {
    const before = this.#byId.get(device_id);
    if (before === undefined) return;
    const device = { ...before.device, name };
    const entry = { device, principal: principalOf(device), lastSeenAt: before.lastSeenAt };
    this.#set(entry);
    this.#tellChange(rowOf(entry), "renamed");
  }

  /** Its token is void from now on. */
  end(device_id: string): void {
    const entry = this.#byId.get(device_id);
    if (entry === undefined) return;
    this.#byId.delete(device_id);
    this.#byHash.delete(entry.device.token_hash);
    this.#expiry.forget(device_id);
    this.#tellEnded(device_id);
    this.#tellChange(rowOf(entry), "ended");
  }

  /** False when there is no such device. */
  seen(device_id: string, at: number): boolean {
    const entry = this.#byId.get(device_id);
    if (entry !== undefined) entry.lastSeenAt = at;
    return entry !== undefined;
  }

  onEnded(listener: EndedListener): () => void {
    this.#endedListeners.add(listener);
    return () => void this.#endedListeners.delete(listener);
  }

  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  #set(entry: Entry): void {
    this.#byId.set(entry.device.device_id, entry);
    this.#byHash.set(entry.device.token_hash, entry);
  }

  #tellEnded(device_id: string): void {
    for (const listener of [...this.#endedListeners]) this.#guard(() => listener(device_id));
  }

  #tellChange(device: StoredDevice, change: DeviceChange): void {
    for (const listener of [...this.#changeListeners]) this.#guard(() => listener(device, change));
  }

  /** A listener that throws must not keep the others from hearing that a device ended. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#log.error("A listener to device changes failed", { error: String(error) });
    }
  }
}

interface Entry {
  readonly device: StoredDevice;
  /** Made once, so that authenticating makes none. */
  readonly principal: Principal;
  lastSeenAt: number | null;
}

function principalOf({ device_id, name, scope }: StoredDevice): Principal {
  return { device_id, name, scope, local: false };
}

function rowOf({ device, lastSeenAt }: Entry): StoredDevice {
  return { ...device, last_seen_at: lastSeenAt };
}
