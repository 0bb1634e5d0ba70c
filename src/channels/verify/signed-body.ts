import type { Refusal } from "../../protocol/refusal.ts";
import type { Verifier } from "../channel.ts";
import { count, unproved } from "./refusals.ts";
import { type HmacAlgorithm, RunningHmac } from "./running-hmac.ts";
import { type SecretSettings, settingName } from "./secret-settings.ts";

export interface SignedBody {
  readonly settings: SecretSettings;
  readonly algorithm: HmacAlgorithm;
  /** The secrets as they stand, unless the scheme makes other bytes of them. */
  readonly keys?: readonly Uint8Array[];
  /** Digests, any of which may be right. */
  readonly given: readonly Uint8Array[];
  /** What is signed before the body, and after it. */
  readonly before?: string;
  readonly after?: string;
  /** The header that holds the signature. */
  readonly header: string;
  /** What to do about a wrong one. */
  readonly fix: string;
  /** The name of the secret's setting, if it is not `secret` or `secrets`. */
  readonly setting?: string;
  /** Another form in which the sender may have signed the body; asked only if the bytes themselves do not match. */
  readonly otherwise?: (body: Uint8Array) => boolean;
}

/** Hashes a body while it comes, with every key, and compares at its end. */
export function signedBody(options: SignedBody): Verifier {
  const { settings, algorithm, given } = options;
  const hmac = new RunningHmac(algorithm, options.keys ?? settings.secrets);
  const trimmed = new RunningHmac(algorithm, options.keys ? [] : strayWhiteSpace(settings.secrets));
  const update = (bytes: string | Uint8Array) => {
    hmac.update(bytes);
    trimmed.update(bytes);
  };
  if (options.before) update(options.before);
  return {
    update,
    refusal(body) {
      if (options.after) update(options.after);
      if (hmac.matches(given) || options.otherwise?.(body)) return null;
      return wrongSignature(options, body.length, trimmed.matches(given));
    },
  };
}

/** Secrets that were pasted with a line break or a space, without them. */
function strayWhiteSpace(secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => secret !== secret.trim()).map((secret) => secret.trim());
}

/** `trimmed`: only the white space around the secret is wrong. Whoever made that signature knows the rest, so nothing is given away. */
function wrongSignature(options: SignedBody, size: number, trimmed: boolean): Refusal {
  const { settings, algorithm, header } = options;
  const secrets = count(settings.secrets.length, "secret");
  const checked = `HMAC-${algorithm.toUpperCase()} over ${count(size, "byte")} of body with ${secrets}`;
  const name = settingName(settings, options.setting);
  return unproved(
    "wrong_signature",
    `The signature in the ${header} header does not match: it was compared with ${checked}.`,
    trimmed ? `${name} has white space around it that the sender's secret has not: remove it.` : options.fix,
  );
}
