import { equalSecrets } from "../../lib/equal.ts";
import type { Verifier } from "../channel.ts";

/** For schemes that prove the sender by headers or address alone: the body is not covered. */
export const BODY_UNCHECKED: Verifier = { update: () => undefined, refusal: () => null };

/** Whether the bytes are one of the secrets (as UTF-8). Every one is compared, whatever the first says. */
export function isOneOf(secrets: readonly string[], given: Uint8Array): boolean {
  let found = false;
  for (const secret of secrets) found = equalSecrets(Buffer.from(secret, "utf8"), given) || found;
  return found;
}
