import { clientKey } from "../lib/address.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { Lockout, LockoutStore } from "../store/store.ts";
import { FailureTable, OVERFLOW } from "./failure-table.ts";
import { type LockoutId, LockoutSaver } from "./lockout-saver.ts";

export interface LockoutOptions {
  readonly clock: Clock;
  readonly store: LockoutStore;
  readonly log: Log;
}

const MAX_CLIENTS = 10_000;
const POLICIES = {
  code: { locksAt: 5, windowMs: 15 * 60_000, lockMs: 300_000, maxClients: MAX_CLIENTS },
  token: { locksAt: 31, windowMs: 60_000, lockMs: null, maxClients: MAX_CLIENTS },
} as const;
const WRONG_CODES_IN_ALL = 1_000;
/** The row of all wrong codes together. */
const ALL: LockoutId = { kind: "code", client: "*" };

/**
 * Slows down who guesses. Wrong pairing codes lock an address out of pairing, wrong tokens out of trying tokens; neither
 * touches the other, and a valid token is looked up before any of this is asked. A client is an address or its client
 * key. Counted in memory with monotonic time and saved in the background, so that a restart frees nobody.
 */
export class Lockouts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #saver: LockoutSaver;
  readonly #tables = { code: new FailureTable(POLICIES.code), token: new FailureTable(POLICIES.token) } as const;
  #wrongCodes = 0;

  constructor({ clock, store, log }: LockoutOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#saver = new LockoutSaver({ clock, store, log, live: () => this.#live(), row: (id) => this.#row(id) });
  }

  /** Takes over what an earlier process counted. */
  async load(): Promise<void> {
    for (const row of await this.#saver.load()) this.#restore(row);
  }

  /** Whole seconds until `client` may try a pairing code; 0: now. */
  codeWait(client: string): number {
    return this.#wait("code", client);
  }

  /** Counts a wrong code. True when all clients together have sent 1,000, which are then counted anew. */
  wrongCode(client: string): boolean {
    this.#fail("code", client);
    this.#wrongCodes += 1;
    const exhausted = this.#wrongCodes >= WRONG_CODES_IN_ALL;
    if (exhausted) this.#wrongCodes = 0;
    this.#saver.change(ALL);
    return exhausted;
  }

  /** A right code clears the count of who sent it, and of nobody else. */
  rightCode(client: string): void {
    const id = { kind: "code", client: clientKey(client) } as const;
    if (this.#tables.code.forget(id.client)) this.#saver.change(id);
  }

  /** Counts a wrong token. 0 while `client` may go on trying, else the whole seconds until it may. */
  wrongToken(client: string): number {
    this.#fail("token", client);
    return this.#wait("token", client);
  }

  /** Frees everyone. */
  clear(): Promise<void> {
    this.#tables.code.clear();
    this.#tables.token.clear();
    this.#wrongCodes = 0;
    return this.#saver.startOver();
  }

  /** Saves what is not on disk yet: the last thing before the store closes. Never rejects. */
  flush(): Promise<void> {
    return this.#saver.flush();
  }

  #wait(kind: Lockout["kind"], client: string): number {
    return Math.ceil(this.#tables[kind].waitMs(clientKey(client), this.#clock.monotonic()) / 1_000);
  }

  #fail(kind: Lockout["kind"], client: string): void {
    const now = this.#clock.monotonic();
    const place = this.#tables[kind].fail(clientKey(client), now);
    if (place === null) return;
    this.#saver.change({ kind, client: place });
    const { count = 0, until = 0 } = this.#tables[kind].get(place, now) ?? {};
    if (until === 0) return;
    if (count === POLICIES[kind].locksAt) void this.#saver.flush(); // a crash in the next second must free nobody
    this.#log.warn(`Locked out after wrong ${kind === "code" ? "pairing codes" : "tokens"}`, {
      client: place === OVERFLOW ? "all addresses that are not tracked" : place,
      wrong: count,
      seconds: Math.ceil((until - now) / 1_000),
    });
  }

  #live(): readonly LockoutId[] {
    const now = this.#clock.monotonic();
    const codes = this.#tables.code.places(now).map((client) => ({ kind: "code", client }) as const);
    const tokens = this.#tables.token.places(now).map((client) => ({ kind: "token", client }) as const);
    return [...codes, ...tokens, ...(this.#wrongCodes > 0 ? [ALL] : [])];
  }

  /** A count as it is saved: in wall time, because monotonic time ends with the process. */
  #row({ kind, client }: LockoutId): Lockout {
    const now = this.#clock.now();
    if (client === ALL.client) return { kind, client, failures: this.#wrongCodes, since: now, until: 0 };
    const elapsed = this.#clock.monotonic();
    const failures = this.#tables[kind].get(client, elapsed);
    if (failures === undefined) return { kind, client, failures: 0, since: now, until: 0 };
    const wall = (at: number) => Math.round(now + at - elapsed);
    const { count, since, until } = failures;
    return { kind, client, failures: count, since: wall(since), until: until === 0 ? 0 : wall(until) };
  }

  #restore({ kind, client, failures, since, until }: Lockout): void {
    if (client === ALL.client) {
      this.#wrongCodes = failures;
      return;
    }
    // A wall clock that was set meanwhile must not make a wait longer than the rule, so both spans are cut to it.
    const { windowMs, lockMs } = POLICIES[kind];
    const age = Math.max(0, this.#clock.now() - since);
    const left = Math.min(until - this.#clock.now(), lockMs ?? windowMs);
    if (failures === 0 || (until > 0 ? left <= 0 : age >= windowMs)) return;
    const elapsed = this.#clock.monotonic();
    this.#tables[kind].restore(client, {
      count: failures,
      since: elapsed - age,
      until: until > 0 ? elapsed + left : 0,
    });
  }
}
