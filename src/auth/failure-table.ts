export interface FailurePolicy {
  /** The failure that locks: with 5, four are free of consequences. */
  readonly locksAt: number;
  /** A count that has not locked is forgotten this long after its first failure. */
  readonly windowMs: number;
  /** How long a lock lasts; null: until its window has passed. */
  readonly lockMs: number | null;
  /** Clients counted one by one; those past that share one count. */
  readonly maxClients: number;
}

/** One client's failures. Times are monotonic. */
export interface Failures {
  readonly count: number;
  readonly since: number;
  /** 0 while only counting. */
  readonly until: number;
}

/** The count that strangers share when the table is full. No address looks like this. */
export const OVERFLOW = "*overflow*";
const SWEEP_EVERY_MS = 1_000;

/**
 * Failures by client, in bounded memory. Only counts that mean nothing any more make room; when there are none, clients
 * that are not in the table share one count, so a spray of addresses locks out other strangers, never frees a locked one.
 */
export class FailureTable {
  readonly #policy: FailurePolicy;
  readonly #failures = new Map<string, Failures>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(policy: FailurePolicy) {
    this.#policy = policy;
  }

  /** Milliseconds until `client` may try again; 0: now. */
  waitMs(client: string, now: number): number {
    return this.#waitOf(this.#place(client, now), now);
  }

  /**
   * Counts a failure and returns the name it was counted under: `client`, or OVERFLOW. While a lock lasts nothing is
   * counted, and null is returned.
   */
  fail(client: string, now: number): string | null {
    const place = this.#place(client, now);
    if (this.#waitOf(place, now) > 0) return null;
    const before = this.#live(place, now);
    const count = (before?.count ?? 0) + 1;
    const since = before?.since ?? now;
    const { locksAt, windowMs, lockMs } = this.#policy;
    const until = count < locksAt ? 0 : lockMs === null ? since + windowMs : now + lockMs;
    this.#failures.set(place, { count, since, until });
    return place;
  }

  /** The count under a name that `fail` returned; undefined when it means nothing any more. */
  get(place: string, now: number): Failures | undefined {
    return this.#live(place, now);
  }

  /** Takes over a count from before a restart. */
  restore(place: string, failures: Failures): void {
    if (place === OVERFLOW || this.#failures.size < this.#policy.maxClients) this.#failures.set(place, failures);
  }

  /** False when there was nothing to forget. */
  forget(client: string): boolean {
    return this.#failures.delete(client);
  }

  clear(): void {
    this.#failures.clear();
  }

  /** Every name whose count still means something. */
  places(now: number): readonly string[] {
    this.#sweep(now);
    return [...this.#failures.keys()];
  }

  #place(client: string, now: number): string {
    if (this.#failures.has(client) || this.#hasRoom(now)) return client;
    return OVERFLOW;
  }

  #hasRoom(now: number): boolean {
    if (this.#clients >= this.#policy.maxClients && now >= this.#sweptAt + SWEEP_EVERY_MS) this.#sweep(now);
    return this.#clients < this.#policy.maxClients;
  }

  get #clients(): number {
    return this.#failures.size - (this.#failures.has(OVERFLOW) ? 1 : 0);
  }

  /** A scan of at most `maxClients`, at most once a second, and only for clients that fail while the table is full. */
  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const place of this.#failures.keys()) if (this.#live(place, now) === undefined) this.#failures.delete(place);
  }

  #waitOf(place: string, now: number): number {
    return Math.max(0, (this.#failures.get(place)?.until ?? 0) - now);
  }

  #live(place: string, now: number): Failures | undefined {
    const failures = this.#failures.get(place);
    if (failures === undefined) return undefined;
    const end = failures.until > 0 ? failures.until : failures.since + this.#policy.windowMs;
    return now < end ? failures : undefined;
  }
}
