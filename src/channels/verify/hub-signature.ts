import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, Verifier } from "../channel.ts";
import { lowerHex } from "./encoding.ts";
import { escapeUnicode, hasNonAscii } from "./escaped-unicode.ts";
import { alwaysSigned, asMadeBy, malformedSignature, missingSignature } from "./refusals.ts";
import { DIGEST_BYTES, hmac, RunningHmac } from "./running-hmac.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";
import { signedBody } from "./signed-body.ts";

export interface HubSettings extends SecretSettings {
  /** WhatsApp: true; Meta signs the body with characters outside ASCII as `\uXXXX`, and may send them as they are. */
  readonly escapedUnicode: boolean;
}

const HEADER = "X-Hub-Signature-256";
const PREFIX = "sha256=";

/**
 * GitHub and WhatsApp: HMAC-SHA256 over the raw body. No time is signed, so nothing here tells a replay from the original.
 * https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries,
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export function verifyHubSignature(settings: HubSettings, delivery: Delivery): Verifier | Refusal {
  const setting = settings.escapedUnicode ? "app_secret" : undefined;
  const off = withoutSecret(settings, setting);
  if (off) return off;
  const fix = settings.escapedUnicode ? metaFix(settings) : githubFix(settings);
  const sender = settings.escapedUnicode ? "Meta" : "GitHub";
  const signature = delivery.headers.get(HEADER);
  if (!signature) return missingSignature(HEADER, "the signature", unsignedFix(settings));
  const given = signature.startsWith(PREFIX) ? lowerHex(signature.slice(PREFIX.length), DIGEST_BYTES.sha256) : null;
  if (!given) {
    const wanted = `"${PREFIX}" and 64 lower-case hex digits, once`;
    return malformedSignature(HEADER, wanted, signature, asMadeBy(sender));
  }
  return signedBody({
    settings,
    algorithm: "sha256",
    given: [given],
    header: HEADER,
    fix,
    ...(setting ? { setting, otherwise: (body: Uint8Array) => matchesEscaped(settings, given, body) } : {}),
  });
}

/** The headers that prove a body. */
export function signHubSignature(settings: SecretSettings, body: Uint8Array): Record<string, string> {
  return { [HEADER]: `${PREFIX}${hmac("sha256", signingSecret(settings), [body]).toString("hex")}` };
}

function matchesEscaped(settings: SecretSettings, given: Uint8Array, body: Uint8Array): boolean {
  if (!hasNonAscii(body)) return false;
  const running = new RunningHmac("sha256", settings.secrets);
  return escapeUnicode(body, (ascii) => running.update(ascii)) && running.matches([given]);
}

function githubFix(settings: SecretSettings): string {
  return (
    `Make ${settingName(settings)} the same as Secret on the webhook's page (the repository's or organisation's Settings → ` +
    "Webhooks), with no line break at its end, and see that no proxy changes the body on its way."
  );
}

function metaFix(settings: SecretSettings): string {
  return (
    `Make ${settingName(settings, "app_secret")} the App secret of the app (Meta's App Dashboard → App settings → Basic), not the ` +
    "verify token or the access token, with no line break at its end, and see that no proxy changes the body on its way."
  );
}

function unsignedFix(settings: HubSettings): string {
  return settings.escapedUnicode
    ? alwaysSigned("Meta")
    : `Enter a Secret on the webhook's page (Settings → Webhooks), the same as in ${settingName(settings)}; without one GitHub does not sign.`;
}
