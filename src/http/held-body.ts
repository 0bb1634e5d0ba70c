import type { Clock } from "../lib/clock.ts";
import { announced, inTime, late, overloaded, tooLarge } from "./arrival.ts";
import type { Deadlines } from "./deadlines.ts";

/** Bytes that all requests together may hold (`limits/byte-budget.ts`). False when that many more do not fit. */
export interface Budget {
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** The same with a share for each client (`limits/client-budget.ts`). */
export interface SharedBudget {
  take(client: string, bytes: number): boolean;
  takeInTurn(client: string, bytes: number, waitMs: number, clock: Clock): Promise<boolean>;
  give(client: string, bytes: number): void;
}

/** See `limits/body-budgets.ts`. */
export interface Budgets {
  readonly announced: Budget;
  readonly counted: SharedBudget;
  readonly large: SharedBudget;
  readonly proven: SharedBudget;
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly deadlines: Deadlines;
  readonly budgets: Budgets;
  /** Whose share is used: the device, else the address. */
  readonly client: string;
  /** Whether it has proved itself, now or lately. */
  readonly proven: boolean;
  readonly clock: Clock;
}

/** A body whose bytes count against the budgets until `release`. */
export interface HeldBody {
  readonly bytes: Uint8Array;
  /** Once, when nothing holds the bytes any more. */
  readonly release: () => void;
}

/** Up to here a body is read in one go: a stream costs more than it saves. */
export const SMALL = 65_536;
/** Senders that do not come back (GitHub) are better kept waiting than refused; they wait 10 s for the whole answer. */
const WAIT_FOR_ROOM_MS = 5_000;
/** A large body that holds room must keep the pace at which it would be whole in time; how long it may take to begin. */
const PACE = { everyMs: 1_000, graceMs: 3_000, wholeMs: 27_000 } as const;

/**
 * Reads a body of at most `maxBytes` and shows it to `see` while it comes, so that a signature over 25 MB is known with the
 * last byte. A large body waits for room before its first byte is read (the sender is held back by TCP), must then keep
 * pace, and is put where it stays: it is never held twice.
 * @throws Problem too_large, request_timeout, overloaded, bad_request (the client left in the middle)
 */
export async function holdBody(
  request: Request,
  limits: BodyLimits,
  see: (bytes: Uint8Array) => void,
): Promise<HeldBody> {
  const length = announced(request, limits.maxBytes);
  if (length === 0 || request.body === null) return { bytes: new Uint8Array(0), release: () => undefined };
  const held = new Held(limits, request);
  try {
    const bytes = await inTime(read(held, length, see), limits.deadlines);
    return { bytes, release: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}

async function read(held: Held, length: number | null, see: (bytes: Uint8Array) => void): Promise<Uint8Array> {
  if (length === null) return unannounced(held, see);
  if (length > SMALL) return large(held, length, see);
  if (!held.takeAnnounced(length)) return unannounced(held, see);
  const bytes = await held.request.bytes();
  see(bytes);
  return bytes;
}

async function large(held: Held, length: number, see: (bytes: Uint8Array) => void): Promise<Uint8Array> {
  await held.takeInTurn(length);
  const bytes = new Uint8Array(length); // zero pages: memory is used as it is filled
  let at = 0;
  const { promise: slow, reject } = Promise.withResolvers<never>();
  const pace = held.limits.clock.every(
    PACE.everyMs,
    held.pace(
      length,
      () => at,
      () => reject(late()),
    ),
  );
  try {
    const whole = held.eachChunk((chunk) => {
      bytes.set(chunk, at);
      at += chunk.length;
      see(chunk);
    });
    await Promise.race([whole, slow]);
    return bytes.subarray(0, at);
  } finally {
    pace.cancel();
  }
}

/** Counted as it comes: a chunked body does not say how large it is. It is joined at its end, and that moment is paid for. */
async function unannounced(held: Held, see: (bytes: Uint8Array) => void): Promise<Uint8Array> {
  const { maxBytes } = held.limits;
  const parts: Uint8Array[] = [];
  let size = 0;
  await held.eachChunk((chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes, "more came");
    held.takeCounted(chunk.length, size);
    parts.push(chunk);
    see(chunk);
  });
  if (parts.length === 1) return parts[0]!;
  held.takeCounted(size, size);
  return Buffer.concat(parts);
}

/** What one request has taken. Once released it takes nothing more: a read that outlives its deadline holds nobody up. */
class Held {
  readonly limits: BodyLimits;
  readonly request: Request;
  #announced = 0;
  #counted = 0;
  #large = 0;
  #over = false;
  /** What larger bodies are taken from. */
  readonly #roomy: SharedBudget;
  #stop: () => void = () => undefined;

  constructor(limits: BodyLimits, request: Request) {
    this.limits = limits;
    this.request = request;
    this.#roomy = limits.proven ? limits.budgets.proven : limits.budgets.large;
  }

  takeAnnounced(bytes: number): boolean {
    if (!this.limits.budgets.announced.take(bytes)) return false;
    this.#announced = bytes;
    return true;
  }

  /** `size`: of the whole body so far. @throws Problem overloaded */
  takeCounted(bytes: number, size: number): void {
    const { budgets, client } = this.limits;
    if (this.#over || !(size > SMALL ? this.#roomy : budgets.counted).take(client, bytes)) throw overloaded();
    if (size > SMALL) this.#large += bytes;
    else this.#counted += bytes;
  }

  /** @throws Problem overloaded */
  async takeInTurn(bytes: number): Promise<void> {
    const { client, clock } = this.limits;
    if (!(await this.#roomy.takeInTurn(client, bytes, WAIT_FOR_ROOM_MS, clock))) throw overloaded();
    if (this.#over) this.#roomy.give(client, bytes);
    else this.#large += bytes;
  }

  /** What looks now and then whether a body of `length` keeps pace, from now on. */
  pace(length: number, arrived: () => number, tooSlow: () => void): () => void {
    const { clock } = this.limits;
    const began = clock.monotonic();
    return () => {
      const due = (length * (clock.monotonic() - began - PACE.graceMs)) / PACE.wholeMs;
      if (arrived() < due) tooSlow();
    };
  }

  async eachChunk(take: (chunk: Uint8Array) => void): Promise<void> {
    if (this.#over) return;
    const reader = this.request.body!.getReader(); // `holdBody` has looked
    this.#stop = () => void reader.cancel().catch(() => undefined); // the connection may be gone already
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#over) return;
      take(value);
    }
  }

  release(): void {
    const { budgets, client } = this.limits;
    this.#over = true;
    this.#stop();
    budgets.announced.give(this.#announced);
    if (this.#counted > 0) budgets.counted.give(client, this.#counted);
    if (this.#large > 0) this.#roomy.give(client, this.#large);
    this.#announced = 0;
    this.#counted = 0;
    this.#large = 0;
  }
}
