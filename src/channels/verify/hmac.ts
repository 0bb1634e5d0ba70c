import type { Refusal } from "../../protocol/refusal.ts";
import { type Delivery, isRefusal, type SampleContext, type Verifier } from "../channel.ts";
import { anyHex, canonicalBase64 } from "./encoding.ts";
import { asMadeBy, count, malformedSignature, missingSignature, unproved } from "./refusals.ts";
import { DIGEST_BYTES, type HmacAlgorithm, hmac } from "./running-hmac.ts";
import { misconfigured, settingName, signingSecret, type TimedSettings, withoutSecret } from "./secret-settings.ts";
import { signedBody } from "./signed-body.ts";
import { parseSigned, type SignedTemplate, type SignedValues } from "./signed-template.ts";
import { missingTimestamp, timestampRefusal, unixSeconds } from "./timestamp.ts";

/** The settings of `scheme = "hmac"`, as `[channels.<name>]` gives them. */
export interface HmacSettings extends TimedSettings {
  /** @default X-Signature-256 */
  readonly header?: string | undefined;
  /** @default sha256 */
  readonly algorithm?: HmacAlgorithm | undefined;
  /** @default hex */
  readonly encoding?: "hex" | "base64" | undefined;
  /** @default none */
  readonly prefix?: string | undefined;
  /** @default {body} */
  readonly signed?: string | undefined;
  /** Its time must be fresh, whether it is signed or not. */
  readonly timestampHeader?: string | undefined;
  readonly idHeader?: string | undefined;
}

/** Senders that sign in a way of their own: Shopify, Gitea, Linear, and whoever uses HMAC (RFC 2104). */
export function verifyHmac(settings: HmacSettings, delivery: Delivery): Verifier | Refusal {
  const off = withoutSecret(settings);
  if (off) return off;
  const template = readTemplate(settings);
  if (isRefusal(template)) return template;
  const { header, algorithm } = withDefaults(settings);
  const fix = wrongFix(settings);
  const signature = delivery.headers.get(header);
  if (!signature) return missingSignature(header, "the signature", unsignedFix(settings));
  const given = decodeSignature(settings, signature);
  if (!given) return malformedSignature(header, wantedForm(settings), signature, asMadeBy("the sender"));
  const values = signedValues(settings, template, delivery);
  if (isRefusal(values)) return values;
  return signedBody({ settings, algorithm, given: [given], ...template.around(values), header, fix });
}

/** The headers that prove a body. */
export function signHmac(
  settings: HmacSettings,
  body: Uint8Array,
  { id, now }: Pick<SampleContext, "id" | "now">,
): Record<string, string> {
  const template = readTemplate(settings);
  if (isRefusal(template)) throw new Error(template.detail);
  const { header, algorithm, encoding, prefix } = withDefaults(settings);
  const timestamp = unixSeconds(now);
  const { before, after } = template.around({ timestamp, id });
  const digest = hmac(algorithm, signingSecret(settings), [before, body, after]);
  return {
    [header]: `${prefix}${digest.toString(encoding)}`,
    ...(settings.timestampHeader === undefined ? {} : { [settings.timestampHeader]: timestamp }),
    ...(settings.idHeader === undefined ? {} : { [settings.idHeader]: id }),
  };
}

function withDefaults(settings: HmacSettings) {
  const { header = "X-Signature-256", algorithm = "sha256", encoding = "hex", prefix = "" } = settings;
  return { header, algorithm, encoding, prefix } as const;
}

function readTemplate(settings: HmacSettings): SignedTemplate | Refusal {
  const name = settingName(settings, "signed");
  const template = parseSigned(settings.signed ?? "{body}");
  if (!template) return misconfigured(settings, `${name} must have {body} in it once`, `Correct ${name}.`);
  for (const [used, place, header, key] of [
    [template.usesTimestamp, "{timestamp}", settings.timestampHeader, "timestamp_header"],
    [template.usesId, "{id}", settings.idHeader, "id_header"],
  ] as const) {
    if (!used || header !== undefined) continue;
    return misconfigured(settings, `${name} has ${place} but no header holds it`, `Set ${settingName(settings, key)}.`);
  }
  return template;
}

function decodeSignature(settings: HmacSettings, text: string): Uint8Array | null {
  const { algorithm, encoding, prefix } = withDefaults(settings);
  if (!text.startsWith(prefix)) return null;
  const rest = text.slice(prefix.length);
  return encoding === "hex" ? anyHex(rest, DIGEST_BYTES[algorithm]) : canonicalBase64(rest, DIGEST_BYTES[algorithm]);
}

/** What the headers say of time and id; "" for what is not signed. The time must be fresh. */
function signedValues(settings: HmacSettings, template: SignedTemplate, delivery: Delivery): SignedValues | Refusal {
  const { timestampHeader, idHeader, toleranceSeconds } = settings;
  const timestamp = timestampHeader === undefined ? "" : delivery.headers.get(timestampHeader);
  if (timestampHeader !== undefined) {
    if (!timestamp) return missingTimestamp(timestampHeader);
    const where = `${timestampHeader} header`;
    const stale = timestampRefusal({ text: timestamp, where, receivedAt: delivery.received_at, toleranceSeconds });
    if (stale) return stale;
  }
  const id = template.usesId && idHeader !== undefined ? delivery.headers.get(idHeader) : "";
  if (template.usesId && idHeader !== undefined) {
    if (!id) return missingSignature(idHeader, "the signed id", "See that no proxy removes the header.");
    if (!isSignable(id, template.afterId)) return malformedId(idHeader, template.afterId);
  }
  return { timestamp: timestamp ?? "", id: id ?? "" };
}

/** Visible ASCII, without the text that ends an id in what is signed. */
function isSignable(id: string, end: string): boolean {
  return /^[\x21-\x7e]+$/.test(id) && (end === "" || !id.includes(end));
}

function malformedId(header: string, end: string): Refusal {
  const without = end === "" ? "" : ` without "${end}", which ends it in what is signed`;
  const detail = `The ${header} header is not an id: visible ASCII, once${without}.`;
  return unproved("malformed_signature", detail, "Let the sender use ids of letters, digits, _ and -.");
}

function wantedForm(settings: HmacSettings): string {
  const { algorithm, encoding, prefix } = withDefaults(settings);
  const bytes = DIGEST_BYTES[algorithm];
  const form = encoding === "hex" ? count(bytes * 2, "hex digit") : `the base64 of ${count(bytes, "byte")}`;
  return prefix === "" ? `${form}, once` : `"${prefix}" and ${form}, once`;
}

function unsignedFix(settings: HmacSettings): string {
  return `Let the sender sign, in the header that ${settingName(settings, "header")} names, and see that no proxy removes it.`;
}

function wrongFix(settings: HmacSettings): string {
  const name = (key: string) => settingName(settings, key);
  return (
    `Compare ${settingName(settings)} with the sender's secret (a line break at its end counts), and ${name("header")}, ` +
    `${name("algorithm")}, ${name("encoding")}, ${name("prefix")} and ${name("signed")} with the sender's documentation; ` +
    "see that no proxy changes the body on its way."
  );
}
