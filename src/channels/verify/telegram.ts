import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, Verifier } from "../channel.ts";
import { headerBytes, headerValue } from "./encoding.ts";
import { BODY_UNCHECKED, isOneOf } from "./plain-secret.ts";
import { malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";

const HEADER = "X-Telegram-Bot-Api-Secret-Token";
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;

/**
 * Telegram: the `secret_token` given to setWebhook, as it stands. Neither the body nor the time is signed.
 * https://core.telegram.org/bots/api#setwebhook
 */
export function verifyTelegram(settings: SecretSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const name = settingName(settings);
  const fix = `Call setWebhook again with secret_token the same as ${name}: 1 to 256 of A-Z a-z 0-9 _ and -.`;
  const given = delivery.headers.get(HEADER);
  if (!given) return missingSignature(HEADER, "the secret token", fix);
  if (!TOKEN.test(given)) return malformedSignature(HEADER, "1 to 256 of A-Z a-z 0-9 _ and -", given, fix);
  if (isOneOf(settings.secrets, headerBytes(given))) return BODY_UNCHECKED;
  return unproved("wrong_signature", `The ${HEADER} header holds another secret than this channel's.`, fix);
}

/** The headers that prove a delivery. */
export function signTelegram(settings: SecretSettings): Record<string, string> {
  return { [HEADER]: headerValue(signingSecret(settings)) };
}
