import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, Verifier } from "../channel.ts";
import { headerBytes, headerValue } from "./encoding.ts";
import { BODY_UNCHECKED, isOneOf } from "./plain-secret.ts";
import { malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";

export interface BearerSettings extends SecretSettings {
  /** A header that holds the bare secret, such as GitLab's X-Gitlab-Token. @default `Authorization: Bearer <secret>` */
  readonly header?: string | undefined;
}

/** The secret itself in a header (RFC 6750 §2.1). Neither the body nor the time is signed. */
export function verifyBearer(settings: BearerSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const { header = "Authorization" } = settings;
  const fix = `Let the sender send the same secret as ${settingName(settings)} in ${formOf(settings)}, with no line break at its end.`;
  const given = delivery.headers.get(header);
  if (!given) return missingSignature(header, "the secret", fix);
  const secret = settings.header === undefined ? /^bearer +(.+)$/i.exec(given)?.[1] : given;
  if (secret === undefined) return malformedSignature(header, '"Bearer", a space and the secret', given, fix);
  if (isOneOf(settings.secrets, headerBytes(secret))) return BODY_UNCHECKED;
  return unproved("wrong_signature", `The ${header} header holds another secret than this channel's.`, fix);
}

/** The headers that prove a delivery. */
export function signBearer(settings: BearerSettings): Record<string, string> {
  const secret = headerValue(signingSecret(settings));
  return settings.header === undefined ? { Authorization: `Bearer ${secret}` } : { [settings.header]: secret };
}

function formOf({ header }: BearerSettings): string {
  return header === undefined ? "Authorization: Bearer <secret>" : `${header}: <secret>`;
}
