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

/** When to come again, in whole seconds: `retry-after-ms` (OpenAI), `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
export function retryAfterIn(headers: Headers, clock: Pick<Clock, "now">): number | undefined {
  const ms = headers.get("retry-after-ms");
  if (ms !== null && /^\d{1,12}(?:\.\d+)?$/.test(ms)) return bounded(Number(ms) / 1_000);
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d{1,12}(?:\.\d+)?$/.test(text)) return bounded(Number(text));
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : bounded((at - clock.now()) / 1_000);
}

function bounded(seconds: number): number {
  return Math.min(A_DAY, Math.max(0, Math.ceil(seconds)));
}
