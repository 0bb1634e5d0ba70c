import type { Clock } from "../lib/clock.ts";
import type { IdempotencyRecord, IdempotencyStore } from "../store/store.ts";
import { KeyTable, type KnownKey, type Replay } from "./key-table.ts";

/** What a key says about a request. Who gets `new` does the work, and must end with `complete` or `release`. */
export type KeyState =
  | { readonly kind: "new" }
  | { readonly kind: "in_flight" }
  | { readonly kind: "mismatch" }
  | Replay;

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** Answers held in memory; older ones are found on disk. */
  readonly maxKeys: number;
  readonly clock: Clock;
}

/** How long a key leads to its answer: as long as the most patient sender tries again (WhatsApp: 7 days). */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
/** Longer answers are left to the disk, so that `maxKeys` bounds bytes too. */
const MAX_BODY_IN_MEMORY = 4_096;
const PURGE_STEP = 500;

const NEW: KeyState = { kind: "new" };
const IN_FLIGHT: KeyState = { kind: "in_flight" };
const MISMATCH: KeyState = { kind: "mismatch" };

/** Answers the same request once: who sends a key again gets the first answer, from memory or from the disk behind it. */
export class Idempotency {
  readonly #store: IdempotencyStore;
  readonly #clock: Clock;
  readonly #keys: KeyTable;
  readonly #lookups = new Map<string, Lookup>();
  readonly #releases = new Map<string, Promise<void>>();

  constructor({ store, maxKeys, clock }: IdempotencyOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#keys = new KeyTable(maxKeys);
  }

  /**
   * Asks for `key` within `scope` (device and route, no line feed). Of any number of requests at once, one gets `new`.
   * @throws StoreUnavailable when the disk cannot say whether the key is known
   */
  begin(scope: string, key: string, fingerprint: string): Promise<KeyState> {
    const state = this.#inMemory(scope, key, fingerprint);
    return state === null ? this.#beginFromDisk(scope, key, fingerprint) : Promise.resolve(state);
  }

  /** The answer that the key is given from now on. It is on disk already, in one transaction with its run or event. */
  complete(record: IdempotencyRecord): void {
    const { scope, key } = record;
    const known = answered(record, this.#clock.now());
    const lookup = this.#lookups.get(idOf(scope, key));
    if (lookup !== undefined) lookup.overtakenBy = known;
    this.#remember(scope, key, known);
  }

  /**
   * Frees the key: its attempt failed. With `only`, the key is left alone unless it still leads to that answer, so that
   * two who find the same failed answer cannot free the new attempt of the other.
   * @throws StoreUnavailable when the disk still has the answer; in memory the key is free all the same
   */
  release(scope: string, key: string, only?: IdempotencyRecord): Promise<void> {
    const id = idOf(scope, key);
    const going = this.#releases.get(id);
    if (going !== undefined) return going;
    if (only !== undefined && !this.#mayLeadTo(only)) return Promise.resolve();
    const release = this.#forget(scope, key).finally(() => this.#releases.delete(id));
    this.#releases.set(id, release);
    return release;
  }

  /** Forgets what is older than 7 days, in small steps between which other writes get their turn. Returns how many. */
  async purge(signal?: AbortSignal): Promise<number> {
    const before = this.#clock.now() - KEPT_MS;
    let purged = 0;
    while (!signal?.aborted) {
      const step = await this.#store.purge(before, PURGE_STEP);
      purged += step;
      if (step < PURGE_STEP) break;
    }
    return purged;
  }

  #inMemory(scope: string, key: string, fingerprint: string): KeyState | null {
    const known = this.#keys.get(scope, key);
    if (known === undefined) return null;
    if (known.replay !== null && known.until <= this.#clock.now()) {
      this.#keys.delete(scope, key);
      return null;
    }
    return judge(known, fingerprint);
  }

  async #beginFromDisk(scope: string, key: string, fingerprint: string): Promise<KeyState> {
    const stored = await this.#lookUp(scope, key);
    // Others may have waited for the same look-up: one of them may have begun by now.
    const state = this.#inMemory(scope, key, fingerprint);
    if (state !== null) return state;
    if (stored !== null && stored.until > this.#clock.now()) {
      this.#remember(scope, key, stored);
      return judge(stored, fingerprint);
    }
    this.#keys.set(scope, key, running(fingerprint));
    return NEW;
  }

  /** One look-up for all who ask at the same time. */
  async #lookUp(scope: string, key: string): Promise<KnownKey | null> {
    const id = idOf(scope, key);
    const lookup = this.#lookups.get(id) ?? { stored: this.#store.get(scope, key), overtakenBy: null };
    this.#lookups.set(id, lookup);
    try {
      const record = await lookup.stored;
      return lookup.overtakenBy ?? (record && answered(record, record.created_at));
    } finally {
      if (this.#lookups.get(id) === lookup) this.#lookups.delete(id);
    }
  }

  #remember(scope: string, key: string, known: KnownKey): void {
    if (known.replay !== null && known.replay.record.body.length > MAX_BODY_IN_MEMORY) this.#keys.delete(scope, key);
    else this.#keys.set(scope, key, known);
  }

  #mayLeadTo(record: IdempotencyRecord): boolean {
    const known = this.#keys.get(record.scope, record.key);
    return known === undefined || known.replay?.record.run_id === record.run_id; // undefined: memory has forgotten it
  }

  async #forget(scope: string, key: string): Promise<void> {
    // Until the disk has forgotten it the key stays taken, else a request could find the failed answer there.
    this.#keys.set(scope, key, running(this.#keys.get(scope, key)?.fingerprint ?? null));
    try {
      await this.#store.remove(scope, key);
    } finally {
      this.#keys.delete(scope, key);
    }
  }
}

interface Lookup {
  readonly stored: Promise<IdempotencyRecord | null>;
  /** An answer that was completed while the disk was being asked, and that the disk may not have seen. */
  overtakenBy: KnownKey | null;
}

function judge(known: KnownKey, fingerprint: string): KeyState {
  if (known.fingerprint !== fingerprint && known.fingerprint !== null) return MISMATCH;
  return known.replay ?? IN_FLIGHT;
}

function running(fingerprint: string | null): KnownKey {
  return { fingerprint, replay: null, until: Number.POSITIVE_INFINITY };
}

function answered(record: IdempotencyRecord, at: number): KnownKey {
  return { fingerprint: record.fingerprint, replay: { kind: "replay", record }, until: at + KEPT_MS };
}

/** A scope has no line feed, so no two pairs share an id. */
function idOf(scope: string, key: string): string {
  return `${scope}\n${key}`;
}
