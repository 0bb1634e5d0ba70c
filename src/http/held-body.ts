import type { Clock } from "../lib/clock.ts";
import { announced, type BodyLimits, type Budget, inTime, overloaded, tooLarge } from "./body.ts";

/** A budget that can also be waited for (`limits/byte-budget.ts`). */
export interface WaitedBudget extends Budget {
  takeInTurn(bytes: number, waitMs: number, clock: Clock): Promise<boolean>;
}

export interface HeldBodyLimits extends BodyLimits {
  readonly budget: WaitedBudget;
  readonly clock: Clock;
}

/** A body whose bytes count against the budget until `release`. */
export interface HeldBody {
  readonly bytes: Uint8Array;
  /** Once, when nothing holds the bytes any more. */
  readonly release: () => void;
}

/** Up to here a body is read in one go: a stream costs more than it saves. */
const STREAMED_FROM = 65_536;
/** Senders that do not come back (GitHub) are better kept waiting than refused; they wait 10 s for the whole answer. */
const WAIT_FOR_ROOM_MS = 5_000;

/**
 * Reads a body of at most `maxBytes` and shows it to `see` while it comes, so that a signature over 25 MB is known with the
 * last byte. A large body waits for room before its first byte is read (the sender is held back by TCP), and is then put
 * where it stays: it is never held twice. @throws Problem as readBody
 */
export async function holdBody(
  request: Request,
  limits: HeldBodyLimits,
  see: (bytes: Uint8Array) => void,
): Promise<HeldBody> {
  const length = announced(request, limits.maxBytes);
  if (length === 0 || request.body === null) return { bytes: new Uint8Array(0), release: () => undefined };
  const held = new Held(limits);
  const read = length === null ? chunks : length > STREAMED_FROM ? streamed : whole;
  try {
    const bytes = await inTime(read(request, length ?? 0, limits, held, see), limits.deadlines);
    return { bytes, release: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}

/** What one request has taken. Once released it takes nothing more: a read that outlives its deadline holds nobody up. */
class Held {
  readonly #limits: HeldBodyLimits;
  #bytes = 0;
  #over = false;
  /** Ends a read that is still waiting for the client. */
  stop: () => void = () => undefined;

  constructor(limits: HeldBodyLimits) {
    this.#limits = limits;
  }

  get over(): boolean {
    return this.#over;
  }

  take(bytes: number): void {
    if (this.#over || !this.#limits.budget.take(bytes)) throw overloaded();
    this.#bytes += bytes;
  }

  async takeInTurn(bytes: number): Promise<void> {
    const { budget, clock } = this.#limits;
    if (!(await budget.takeInTurn(bytes, WAIT_FOR_ROOM_MS, clock))) throw overloaded();
    if (this.#over) budget.give(bytes);
    else this.#bytes += bytes;
  }

  release(): void {
    this.#over = true;
    this.stop();
    this.#limits.budget.give(this.#bytes);
    this.#bytes = 0;
  }
}

type Reader = (
  request: Request,
  length: number,
  limits: HeldBodyLimits,
  held: Held,
  see: (bytes: Uint8Array) => void,
) => Promise<Uint8Array>;

const whole: Reader = async (request, length, _limits, held, see) => {
  held.take(length);
  const bytes = await request.bytes();
  see(bytes);
  return bytes;
};

const streamed: Reader = async (request, length, _limits, held, see) => {
  await held.takeInTurn(length);
  const bytes = new Uint8Array(length);
  let at = 0;
  await eachChunk(request, held, (chunk) => {
    bytes.set(chunk, at);
    at += chunk.length;
    see(chunk);
  });
  return bytes.subarray(0, at);
};

/** A chunked body does not say how large it is: it is joined at its end, and that moment is paid for. */
const chunks: Reader = async (request, _length, { maxBytes }, held, see) => {
  const parts: Uint8Array[] = [];
  let size = 0;
  await eachChunk(request, held, (chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes, "more came");
    held.take(chunk.length);
    parts.push(chunk);
    see(chunk);
  });
  if (parts.length === 1) return parts[0]!;
  held.take(size);
  return Buffer.concat(parts);
};

async function eachChunk(request: Request, held: Held, take: (chunk: Uint8Array) => void): Promise<void> {
  const reader = request.body!.getReader(); // callers have looked
  held.stop = () => void reader.cancel().catch(() => undefined); // the connection may be gone already
  for (;;) {
    const { done, value } = await reader.read();
    if (done || held.over) return;
    take(value);
  }
}
