import { clean, cut } from "../lib/plain-text.ts";
import type { StoredReply } from "../protocol/reply.ts";

/** How an attempt at sending ended. `detail` is for the operator: what was found and what to do, no secret in it. */
export type SendResult =
  | { readonly kind: "sent"; readonly detail: string }
  /** It did not arrive, or sending it twice does no harm. `retryAfterMs`: what the other side asked for. */
  | { readonly kind: "retry"; readonly detail: string; readonly retryAfterMs?: number }
  /** It cannot be sent, however often it is tried. */
  | { readonly kind: "dead"; readonly detail: string }
  /** It may have arrived or not, and twice would be worse than not at all. */
  | { readonly kind: "uncertain"; readonly detail: string };

/** Takes answers to one kind of place. Holds no state; several replies may be sent at once. */
export interface Sender {
  /**
   * Sends what is left of a reply. `partSent` is awaited after every part known to have arrived, before the next is begun:
   * when it rejects, so does `send`.
   */
  send(reply: StoredReply, partSent: () => Promise<void>): Promise<SendResult>;
  /** Says what is to become of a reply whose attempt was cut off: by the end of the process, or by a fault in `send`. */
  interrupted(reply: StoredReply): Promise<SendResult>;
}

/** How long one request of a sender may take, in milliseconds. Standard Webhooks 1.0.0 asks for 15 to 30 s. */
export const SEND_TIMEOUT_MS = 20_000;

const MAX_EXCERPT = 300;

/** What the other side said, on one line, without `secrets`: APIs like to quote the token they refuse. */
export function excerpt(text: string, secrets: readonly string[]): string {
  const whole = secrets.reduce((rest, secret) => (secret === "" ? rest : rest.replaceAll(secret, "[redacted]")), text);
  return cut(clean(whole).replace(/\s+/g, " ").trim(), MAX_EXCERPT);
}
