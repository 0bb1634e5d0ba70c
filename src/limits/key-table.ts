import type { IdempotencyRecord } from "../store/store.ts";
import { type Links, RecencyList } from "./recency-list.ts";

/** The first answer, to be given again. */
export interface Replay {
  readonly kind: "replay";
  readonly record: IdempotencyRecord;
}

/** What memory knows of a key. */
export interface KnownKey {
  /** SHA-256 of the body; null when it is not known any more. */
  readonly fingerprint: string | null;
  /** Null while the attempt is running. */
  readonly replay: Replay | null;
  /** When an answered key is free again, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Keys by scope. Holds `capacity` answered keys and forgets the one that was asked for longest ago; running ones stay
 * whatever their number, since a forgotten attempt would be made twice. A map of maps, because joining scope and key to
 * one string costs more than everything else here together.
 */
export class KeyTable {
  readonly #capacity: number;
  readonly #scopes = new Map<string, Map<string, Slot>>();
  readonly #answered = new RecencyList<Slot>();
  #answeredCount = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** What is known of the key, which becomes the most recently used one. */
  get(scope: string, key: string): KnownKey | undefined {
    const slot = this.#scopes.get(scope)?.get(key);
    if (slot !== undefined && slot.replay !== null) this.#answered.touch(slot);
    return slot;
  }

  set(scope: string, key: string, known: KnownKey): void {
    this.delete(scope, key);
    const slot = new Slot(scope, key, known);
    const keys = this.#scopes.get(scope);
    if (keys === undefined) this.#scopes.set(scope, new Map([[key, slot]]));
    else keys.set(key, slot);
    if (slot.replay === null) return;
    this.#answered.add(slot);
    this.#answeredCount += 1;
    const stalest = this.#answered.stalest;
    if (stalest !== null && this.#answeredCount > this.#capacity) this.delete(stalest.scope, stalest.key);
  }

  delete(scope: string, key: string): void {
    const keys = this.#scopes.get(scope);
    const slot = keys?.get(key);
    if (keys === undefined || slot === undefined) return;
    keys.delete(key);
    if (keys.size === 0) this.#scopes.delete(scope);
    if (slot.replay === null) return;
    this.#answered.remove(slot);
    this.#answeredCount -= 1;
  }
}

// The fields of KnownKey are its own, not an object of it: one cache miss less for each look-up.
class Slot implements KnownKey, Links<Slot> {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string | null;
  readonly replay: Replay | null;
  readonly until: number;
  staler: Slot | null = null;
  fresher: Slot | null = null;

  constructor(scope: string, key: string, { fingerprint, replay, until }: KnownKey) {
    this.scope = scope;
    this.key = key;
    this.fingerprint = fingerprint;
    this.replay = replay;
    this.until = until;
  }
}
