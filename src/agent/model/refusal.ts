import type { Clock } from "../../lib/clock.ts";

/** The server answered, and not with an answer to the question. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** What it said, fit to be shown; may be empty. */
  readonly said: string;
  /** Whole seconds, if it said when to come again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, said: string, retryAfter?: number) {
    super(`HTTP ${status}: ${said}`);
    this.status = status;
    this.said = said;
    this.retryAfter = retryAfter;
  }

  /** It may well answer the same question in a moment. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

const A_DAY = 86_400;

/** RFC 9110, 5.6.7. `Date.parse` alone takes almost anything: `-5` is a day in 2001. */
const DATE = /^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? /i;

/**
 * When to come again, in whole seconds: `retry-after-ms` (OpenAI), `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
 * What is no time to come says nothing.
 */
export function retryAfterIn(headers: Headers, clock: Pick<Clock, "now">): number | undefined {
  const ms = numberIn(headers.get("retry-after-ms"));
  const text = headers.get("retry-after") ?? "";
  const at = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return bounded(ms / 1_000) ?? bounded(numberIn(text)) ?? bounded((at - clock.now()) / 1_000);
}

function numberIn(text: string | null): number {
  return text !== null && /^\d{1,12}(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function bounded(seconds: number): number | undefined {
  return seconds > 0 ? Math.min(A_DAY, Math.ceil(seconds)) : undefined;
}
