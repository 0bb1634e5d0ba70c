/** A secret as key bytes, or why it is none. The reason never quotes it. */
export type StandardKey =
  | { readonly ok: true; readonly key: Uint8Array }
  | { readonly ok: false; readonly reason: string };

const PREFIX = "whsec_";
const ED25519 = /^wh[sp]k_/;

/**
 * Reads a Standard Webhooks secret: base64, usually behind `whsec_`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardWebhookKey(secret: string): StandardKey {
  if (ED25519.test(secret)) {
    return { ok: false, reason: `it is an ed25519 key; give a symmetric secret, which begins with "${PREFIX}"` };
  }
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (text === "") return { ok: false, reason: "it is empty" };
  // A secret without its padding still means one key only. Buffer itself would skip whatever is not base64.
  const key = Buffer.from(text, "base64");
  if (key.length === 0 || key.toString("base64").replace(/=+$/, "") !== text.replace(/={1,2}$/, "")) {
    return { ok: false, reason: `it is not base64; copy it whole, with no white space, as "${PREFIX}…"` };
  }
  return { ok: true, key };
}

/**
 * What goes into `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
 * @throws Error if the secret is no key, or the id is empty or has a dot in it
 */
export function signStandardWebhook(secret: string, id: string, timestampSeconds: number, body: Uint8Array): string {
  const read = standardWebhookKey(secret);
  if (!read.ok) throw new Error(`Cannot sign with the Standard Webhooks secret: ${read.reason}.`);
  if (!isStandardWebhookId(id)) {
    throw new Error(`Cannot sign a webhook with the id "${id}": an id is visible ASCII without dots.`);
  }
  const hasher = new Bun.CryptoHasher("sha256", read.key);
  return `v1,${hasher.update(`${id}.${timestampSeconds}.`).update(body).digest("base64")}`;
}

/** A dot would let the end of the id be taken for the beginning of the time. */
export function isStandardWebhookId(id: string): boolean {
  return /^[\x21-\x2d\x2f-\x7e]+$/.test(id);
}
