import { equalBytes } from "../../lib/equal.ts";
import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, SampleContext, Verifier } from "../channel.ts";
import { canonicalBase64, lowerHex } from "./encoding.ts";
import { alwaysSigned, asMadeBy, count, malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { DIGEST_BYTES, hmac, RunningHmac } from "./running-hmac.ts";
import { type SecretSettings, settingName, signingSecret, withoutSecret } from "./secret-settings.ts";
import { bodyHashIn, twilioAddresses } from "./twilio-address.ts";

const HEADER = "X-Twilio-Signature";
const FORM = "application/x-www-form-urlencoded";

/**
 * Twilio: HMAC-SHA1 over the address and a form's parameters, sorted, each value once. A body that is no form is covered by
 * its SHA-256 in the address. No time is signed.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
export function verifyTwilio(settings: SecretSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const signature = delivery.headers.get(HEADER);
  if (!signature) return missingSignature(HEADER, "the signature", alwaysSigned("Twilio"));
  const given = canonicalBase64(signature, DIGEST_BYTES.sha1);
  if (!given) return malformedSignature(HEADER, "the base64 of 20 bytes, once", signature, asMadeBy("Twilio"));
  const hashText = bodyHashIn(delivery.url);
  if (hashText !== null) return verifyHashed(settings, delivery, given, hashText);
  const isForm = mediaType(delivery.headers) === FORM;
  return {
    update: () => undefined, // the parameters can only be sorted when all are there
    refusal(body) {
      if (!isForm && body.length > 0) return uncovered();
      const params = isForm ? formText(body) : "";
      return matches(settings, delivery.url, params, given) ? null : wrong(settings, delivery.url, body.length);
    },
  };
}

/** The headers that prove a body: a form, unless `url` has `bodySHA256` in it. */
export function signTwilio(
  settings: SecretSettings,
  body: Uint8Array,
  { url }: Pick<SampleContext, "url">,
): Record<string, string> {
  const params = bodyHashIn(url) === null ? formText(body) : "";
  return { [HEADER]: hmac("sha1", signingSecret(settings), [url, params]).toString("base64") };
}

/** The address is signed, and has the body's hash in it: so all but the hash can be told before the body. */
function verifyHashed(
  settings: SecretSettings,
  delivery: Delivery,
  given: Uint8Array,
  hashText: string,
): Verifier | Refusal {
  const hash = lowerHex(hashText, DIGEST_BYTES.sha256);
  if (!hash) return malformedHash();
  if (!matches(settings, delivery.url, "", given)) return wrong(settings, delivery.url, 0);
  const hasher = new Bun.CryptoHasher("sha256");
  return {
    update: (bytes) => void hasher.update(bytes),
    refusal(body) {
      if (equalBytes(hasher.digest(), hash)) return null;
      const detail = `The SHA-256 of the ${count(body.length, "byte")} of body is not the bodySHA256 of the signed address.`;
      return unproved("wrong_signature", detail, "See that no proxy changes the body on its way.");
    },
  };
}

/** Whether any secret signed any form of the address. All are tried, whatever the first says. */
function matches(settings: SecretSettings, url: string, params: string, given: Uint8Array): boolean {
  let found = false;
  for (const address of twilioAddresses(url)) {
    const running = new RunningHmac("sha1", settings.secrets);
    running.update(address);
    running.update(params);
    found = running.matches([given]) || found;
  }
  return found;
}

/** Names and values one after another: by name, then each of its values once, in the order of their UTF-16 units. */
function formText(body: Uint8Array): string {
  const values = new Map<string, Set<string>>();
  // "&" first: a "?" at the start would be dropped.
  for (const [name, value] of new URLSearchParams(`&${Buffer.from(body).toString("utf8")}`)) {
    const known = values.get(name);
    if (known) known.add(value);
    else values.set(name, new Set([value]));
  }
  const text: string[] = [];
  for (const name of [...values.keys()].sort()) {
    for (const value of [...values.get(name)!].sort()) text.push(name, value);
  }
  return text.join("");
}

function mediaType(headers: Headers): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

function malformedHash(): Refusal {
  const detail = "The bodySHA256 in the address is not 64 lower-case hex digits.";
  return unproved("malformed_signature", detail, "See that no proxy changes the address on its way.");
}

function uncovered(): Refusal {
  return unproved(
    "malformed_signature",
    "The body is not a form and the address has no bodySHA256, so that the signature does not cover the body.",
    `Let Twilio send ${FORM}, or JSON with the bodySHA256 that it adds to the address by itself; see that no proxy changes the Content-Type.`,
  );
}

function wrong(settings: SecretSettings, url: string, formBytes: number): Refusal {
  const address = url.split("?", 1)[0]!.slice(0, 200); // a query may hold what others should not see
  return unproved(
    "wrong_signature",
    `The signature in the ${HEADER} header does not match: it was compared with HMAC-SHA1 over the address "${address}", ` +
      `its query and ${count(formBytes, "byte")} of form with ${count(settings.secrets.length, "secret")}.`,
    wrongFix(settings),
  );
}

function wrongFix(settings: SecretSettings): string {
  return (
    `Make ${settingName(settings)} the Auth Token of the account (Twilio Console → Account → API keys & tokens), not an API key, and ` +
    '"gateway.public_url" the address that Twilio calls, to the letter: Twilio signs it.'
  );
}
