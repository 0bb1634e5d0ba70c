import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, SampleContext, Verifier } from "../channel.ts";
import { lowerHex } from "./encoding.ts";
import { alwaysSigned, asMadeBy, malformedSignature, missingSignature } from "./refusals.ts";
import { DIGEST_BYTES, hmac } from "./running-hmac.ts";
import { settingName, signingSecret, type TimedSettings, withoutSecret } from "./secret-settings.ts";
import { signedBody } from "./signed-body.ts";
import { missingTimestamp, timestampRefusal, unixSeconds } from "./timestamp.ts";

const SIGNATURE = "X-Slack-Signature";
const TIMESTAMP = "X-Slack-Request-Timestamp";
const PREFIX = "v0=";

/**
 * Slack: HMAC-SHA256 over `v0:timestamp:body`.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function verifySlack(settings: TimedSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const fix = wrongFix(settings);
  const signature = delivery.headers.get(SIGNATURE);
  if (!signature) return missingSignature(SIGNATURE, "the signature", alwaysSigned("Slack"));
  const given = signature.startsWith(PREFIX) ? lowerHex(signature.slice(PREFIX.length), DIGEST_BYTES.sha256) : null;
  if (!given)
    return malformedSignature(
      SIGNATURE,
      `"${PREFIX}" and 64 lower-case hex digits, once`,
      signature,
      asMadeBy("Slack"),
    );
  const text = delivery.headers.get(TIMESTAMP);
  if (!text) return missingTimestamp(TIMESTAMP);
  const stale = timestampRefusal({
    text,
    where: `${TIMESTAMP} header`,
    receivedAt: delivery.received_at,
    toleranceSeconds: settings.toleranceSeconds,
  });
  if (stale) return stale;
  return signedBody({ settings, algorithm: "sha256", given: [given], before: `v0:${text}:`, header: SIGNATURE, fix });
}

/** The headers that prove a body. */
export function signSlack(
  settings: TimedSettings,
  body: Uint8Array,
  { now }: Pick<SampleContext, "now">,
): Record<string, string> {
  const time = unixSeconds(now);
  const signature = hmac("sha256", signingSecret(settings), [`v0:${time}:`, body]).toString("hex");
  return { [TIMESTAMP]: time, [SIGNATURE]: `${PREFIX}${signature}` };
}

function wrongFix(settings: TimedSettings): string {
  return (
    `Make ${settingName(settings)} the Signing Secret of the app (api.slack.com/apps → the app → Basic Information → App ` +
    "Credentials), not the older Verification Token or a bot token, and see that no proxy changes the body on its way."
  );
}
