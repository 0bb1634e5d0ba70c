import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, SampleContext, Verifier } from "../channel.ts";
import { lowerHex } from "./encoding.ts";
import { alwaysSigned, asMadeBy, malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { DIGEST_BYTES, hmac } from "./running-hmac.ts";
import { settingName, signingSecret, type TimedSettings, withoutSecret } from "./secret-settings.ts";
import { signedBody } from "./signed-body.ts";
import { timestampRefusal, unixSeconds } from "./timestamp.ts";

const HEADER = "Stripe-Signature";

/**
 * Stripe: HMAC-SHA256 over `t.body`; the whole `whsec_…` text is the key. Unlike Stripe's libraries a time in the future is
 * refused too: it would let a captured delivery be replayed until then.
 * https://docs.stripe.com/webhooks#verify-manually
 */
export function verifyStripe(settings: TimedSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const fix = wrongFix(settings);
  const header = delivery.headers.get(HEADER);
  if (!header) return missingSignature(HEADER, "the time and the signatures", alwaysSigned("Stripe"));
  const read = readHeader(header);
  if (!read) {
    const wanted = '"t=" and a time, then "v1=" and 64 lower-case hex digits for each signature, with commas between';
    return malformedSignature(HEADER, wanted, header, asMadeBy("Stripe"));
  }
  if (read.time === null) {
    return unproved("missing_timestamp", `The ${HEADER} header has no "t=" and a time.`, asMadeBy("Stripe"));
  }
  const stale = timestampRefusal({
    text: read.time,
    where: `${HEADER} header`,
    receivedAt: delivery.received_at,
    toleranceSeconds: settings.toleranceSeconds,
  });
  if (stale) return stale;
  return signedBody({ settings, algorithm: "sha256", given: read.given, before: `${read.time}.`, header: HEADER, fix });
}

/** The headers that prove a body. */
export function signStripe(
  settings: TimedSettings,
  body: Uint8Array,
  { now }: Pick<SampleContext, "now">,
): Record<string, string> {
  const time = unixSeconds(now);
  const signature = hmac("sha256", signingSecret(settings), [`${time}.`, body]).toString("hex");
  return { [HEADER]: `t=${time},v1=${signature}` };
}

interface StripeHeader {
  readonly time: string | null;
  readonly given: readonly Uint8Array[];
}

/** `t` once and `v1` at least once; other schemes (`v0` comes from test mode) are passed over. Null if it is not that. */
function readHeader(header: string): StripeHeader | null {
  const times: string[] = [];
  const given: Uint8Array[] = [];
  for (const part of header.split(",")) {
    const [, key, value] = /^([a-z0-9]+)=([^=\s]+)$/.exec(part) ?? [];
    if (key === undefined || value === undefined) return null;
    if (key === "t") times.push(value);
    if (key !== "v1") continue;
    const bytes = lowerHex(value, DIGEST_BYTES.sha256);
    if (!bytes) return null;
    given.push(bytes);
  }
  return given.length > 0 && times.length <= 1 ? { time: times[0] ?? null, given } : null;
}

function wrongFix(settings: TimedSettings): string {
  return (
    `Make ${settingName(settings)} the signing secret of this very endpoint (Stripe's Workbench → Webhooks → the endpoint → ` +
    "Signing secret), not an API key; `stripe listen` prints another one. See that no proxy changes the body on its way."
  );
}
