import { isStandardWebhookId, signStandardWebhook, standardWebhookKey } from "../../lib/standard-webhooks.ts";
import type { Refusal } from "../../protocol/refusal.ts";
import type { Delivery, SampleContext, Verifier } from "../channel.ts";
import { canonicalBase64 } from "./encoding.ts";
import { asMadeBy, malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { DIGEST_BYTES } from "./running-hmac.ts";
import { misconfigured, settingName, signingSecret, type TimedSettings, withoutSecret } from "./secret-settings.ts";
import { signedBody } from "./signed-body.ts";
import { missingTimestamp, timestampRefusal, unixSeconds } from "./timestamp.ts";

/** The same three headers under the standard's names and under Svix's. */
const FAMILIES = ["webhook", "svix"] as const;

const UNSIGNED = "Let the sender sign by Standard Webhooks or Svix, and see that no proxy removes the headers.";

/**
 * HMAC-SHA256 over `id.timestamp.body`. Of several signatures any may match; versions other than `v1` are passed over.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, https://docs.svix.com/receiving/verifying-payloads/how-manual
 */
export function verifyStandardWebhooks(settings: TimedSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const keys: Uint8Array[] = [];
  for (const secret of settings.secrets) {
    const read = standardWebhookKey(secret);
    const name = settingName(settings);
    if (!read.ok)
      return misconfigured(settings, `${name} is no key: ${read.reason}`, `Set ${name} to what the sender shows.`);
    keys.push(read.key);
  }
  const { headers, received_at: receivedAt } = delivery;
  const family = familyOf(headers);
  const fix = wrongFix(settings);
  const signature = headers.get(`${family}-signature`);
  if (!signature) return missingSignature(`${family}-signature`, "the signatures", UNSIGNED);
  const id = headers.get(`${family}-id`);
  if (!id) return missingSignature(`${family}-id`, "the signed id", UNSIGNED);
  if (!isStandardWebhookId(id)) return malformedId(family);
  const text = headers.get(`${family}-timestamp`);
  if (!text) return missingTimestamp(`${family}-timestamp`);
  const where = `${family}-timestamp header`;
  const stale = timestampRefusal({ text, where, receivedAt, toleranceSeconds: settings.toleranceSeconds });
  if (stale) return stale;
  const given = signaturesIn(signature);
  if (!given) {
    const wanted = 'a list of "v1," and the base64 of 32 bytes, with one space between';
    return malformedSignature(`${family}-signature`, wanted, signature, asMadeBy("the sender"));
  }
  const header = `${family}-signature`;
  return signedBody({ settings, algorithm: "sha256", keys, given, before: `${id}.${text}.`, header, fix });
}

/** The headers that prove a body. */
export function signStandardWebhooks(
  settings: TimedSettings,
  body: Uint8Array,
  { id, now }: Pick<SampleContext, "id" | "now">,
): Record<string, string> {
  const timestamp = unixSeconds(now);
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signStandardWebhook(signingSecret(settings), id, Number(timestamp), body),
  };
}

/** The id that the signature covers, constant over the sender's retries. Never that of the other family, which nobody signed. */
export function standardWebhooksId(headers: Headers): string | null {
  return headers.get(`${familyOf(headers)}-id`);
}

function familyOf(headers: Headers): (typeof FAMILIES)[number] {
  return FAMILIES.find((family) => headers.has(`${family}-signature`)) ?? "webhook";
}

/** Null if there is no `v1`, or one that can be no signature. */
function signaturesIn(header: string): readonly Uint8Array[] | null {
  const given: Uint8Array[] = [];
  for (const entry of header.split(" ")) {
    if (entry === "") return null;
    if (!entry.startsWith("v1,")) continue;
    const bytes = canonicalBase64(entry.slice("v1,".length), DIGEST_BYTES.sha256);
    if (!bytes) return null;
    given.push(bytes);
  }
  return given.length === 0 ? null : given;
}

function malformedId(family: string): Refusal {
  return unproved(
    "malformed_signature",
    `The ${family}-id header is not an id: visible ASCII without dots or spaces, once.`,
    "A dot in the id would make the signed text ambiguous. Let the sender use ids such as msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.",
  );
}

function wrongFix(settings: TimedSettings): string {
  return (
    `Make ${settingName(settings)} the signing secret of this very endpoint on the sender's side (whsec_…, each endpoint has ` +
    "its own), and see that no proxy changes the body on its way."
  );
}
