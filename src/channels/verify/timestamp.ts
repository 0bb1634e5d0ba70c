import type { Refusal } from "../../protocol/refusal.ts";
import { count, unproved } from "./refusals.ts";

const DEFAULT_TOLERANCE_SECONDS = 300;
const CLOCKS = "Set the clocks of both sides by NTP";

export interface TimestampCheck {
  /** As it was given. */
  readonly text: string;
  /** Where it stands, as in `X-Slack-Request-Timestamp header`. */
  readonly where: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly toleranceSeconds: number | undefined;
}

/** Null when the time is whole Unix seconds and at most the tolerance away from now, before or after. */
export function timestampRefusal({ text, where, receivedAt, toleranceSeconds }: TimestampCheck): Refusal | null {
  if (!/^\d{1,12}$/.test(text)) {
    const hint = /^\d{13}$/.test(text) ? " (13 digits are milliseconds)" : "";
    const fix = `Send the time once, in whole seconds since 1970${hint}.`;
    return unproved("malformed_signature", `The time in the ${where} is not a number of seconds.`, fix);
  }
  const age = Math.floor(receivedAt / 1000) - Number(text);
  const tolerance = toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  if (Math.abs(age) <= tolerance) return null;
  const found = `${count(Math.abs(age), "second")} ${age > 0 ? "in the past" : "in the future"}`;
  return unproved(
    "stale_timestamp",
    `The time in the ${where} is ${found}; at most ${count(tolerance, "second")} are allowed.`,
    age > 0
      ? `${CLOCKS}, and send a late delivery again from the sender's side, which signs it anew: an old one may be a replay.`
      : `${CLOCKS}: the delivery was signed by a clock that is ahead of this one.`,
  );
}

/** For a delivery without a time. */
export function missingTimestamp(header: string): Refusal {
  return unproved(
    "missing_timestamp",
    `The delivery has no ${header} header, without which an old delivery cannot be told from a new one.`,
    `Send ${header} with the time in whole seconds since 1970, and see that no proxy removes it.`,
  );
}

/** The time that goes into a signature made now. */
export function unixSeconds(now: number): string {
  return String(Math.floor(now / 1000));
}
