import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, Verifier } from "../channel.ts";
import { BODY_UNCHECKED, isOneOf } from "./plain-secret.ts";
import { unproved } from "./refusals.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";

/** The secret in the address, for senders that can set no header. Neither the body nor the time is signed. */
export function verifyPath(settings: SecretSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const fix = `Let the sender post to /webhook/${settings.channel}/<secret>, the secret of ${settingName(settings)}, percent-encoded.`;
  if (!delivery.pathSecret) return unproved("missing_signature", "The address has no secret at its end.", fix);
  if (isOneOf(settings.secrets, Buffer.from(delivery.pathSecret, "utf8"))) return BODY_UNCHECKED;
  return unproved("wrong_signature", "The address ends in another secret than this channel's.", fix);
}

/** No header proves a delivery: the address does, see `secretPath`. */
export function signPath(_settings: SecretSettings): Record<string, string> {
  return {};
}

/** What follows `/webhook/{source}` in the address of a delivery that is accepted. */
export function secretPath(settings: SecretSettings): string {
  return `/${encodeURIComponent(signingSecret(settings))}`;
}
