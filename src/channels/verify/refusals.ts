import type { Refusal, RefusalReason } from "../../protocol/refusal.ts";

type SignatureReason = Extract<
  RefusalReason,
  "missing_signature" | "malformed_signature" | "wrong_signature" | "missing_timestamp" | "stale_timestamp"
>;

/**
 * A delivery whose sender is not proved. `detail` never quotes what was given: it may be a secret in the wrong place, and
 * what would have been right stays here.
 */
export function unproved(reason: SignatureReason, detail: string, fix: string): Refusal {
  return { reason, code: "bad_signature", detail, fix };
}

/** For a missing header: `what` it would have held. */
export function missingSignature(header: string, what: string, fix: string): Refusal {
  return unproved("missing_signature", `The delivery has no ${header} header, which holds ${what}.`, fix);
}

/** For a header of another form: `wanted` says which, as in `"sha256=" and 64 lower-case hex digits, once`. */
export function malformedSignature(header: string, wanted: string, found: string, fix: string): Refusal {
  const length = `${count(found.length, "character")} of another form`;
  return unproved("malformed_signature", `The ${header} header is not ${wanted}: it has ${length}.`, fix);
}

/** What to do about a missing signature of a sender that always signs. */
export function alwaysSigned(sender: string): string {
  return `${sender} signs every delivery: see that it is ${sender} that calls this address, and that no proxy removes the header.`;
}

/** What to do about a signature that `sender` cannot have made. */
export function asMadeBy(sender: string): string {
  return `Send the header just as ${sender} makes it, once: something in between may have changed or repeated it.`;
}

/** `1,234 bytes`. Not by Intl, which takes memory and time to load. */
export function count(amount: number, noun: string): string {
  return `${String(amount).replace(/\B(?=(\d{3})+$)/g, ",")} ${noun}${amount === 1 ? "" : "s"}`;
}
