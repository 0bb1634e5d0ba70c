import { equalSecrets } from "../../lib/equal.ts";
import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, Verifier } from "../channel.ts";
import { canonicalBase64 } from "./encoding.ts";
import { BODY_UNCHECKED, isOneOf } from "./plain-secret.ts";
import { malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";

export interface BasicSettings extends SecretSettings {
  /** @default any */
  readonly username?: string | undefined;
}

const HEADER = "Authorization";
const COLON = 0x3a;

/** A user name and the secret as password (RFC 7617, UTF-8). Neither the body nor the time is signed. */
export function verifyBasic(settings: BasicSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const fix = wrongFix(settings);
  const header = delivery.headers.get(HEADER);
  if (!header) return missingSignature(HEADER, "the user name and password", fix);
  const encoded = /^basic +(\S+)$/i.exec(header)?.[1];
  const given = encoded === undefined ? null : canonicalBase64(encoded, null);
  const colon = given?.indexOf(COLON) ?? -1;
  if (!given || colon < 0)
    return malformedSignature(HEADER, '"Basic", a space and the base64 of user:password', header, fix);
  const password = isOneOf(settings.secrets, given.subarray(colon + 1));
  const { username } = settings;
  const user = username === undefined || equalSecrets(Buffer.from(username, "utf8"), given.subarray(0, colon));
  if (password && user) return BODY_UNCHECKED;
  // Which of the two is wrong would be half of the secret.
  return unproved("wrong_signature", `The user name and password in the ${HEADER} header are not this channel's.`, fix);
}

/** The headers that prove a delivery. */
export function signBasic(settings: BasicSettings): Record<string, string> {
  const credentials = `${settings.username ?? settings.channel}:${signingSecret(settings)}`;
  return { [HEADER]: `Basic ${Buffer.from(credentials, "utf8").toString("base64")}` };
}

function wrongFix(settings: BasicSettings): string {
  const user =
    settings.username === undefined ? "any user name" : `the user name of ${settingName(settings, "username")}`;
  return `Let the sender use ${user} and the secret of ${settingName(settings)} as password, in UTF-8, with no line break at its end.`;
}
