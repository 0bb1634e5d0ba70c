import fc from "fast-check";
import { type Delivery, isRefusal, type Verifier } from "../../../src/channels/channel.ts";
import type { Refusal, RefusalReason } from "../../../src/protocol/refusal.ts";

/** The clock of these tests: 2021-02-25T15:02:10Z, the second of the Standard Webhooks example. */
export const NOW = 1_614_265_330_000;

export function delivery(headers: Readonly<Record<string, string>>, rest: Partial<Delivery> = {}): Delivery {
  return {
    url: "https://example.com/webhook/x",
    pathSecret: null,
    received_at: NOW,
    ...rest,
    headers: new Headers(headers),
  };
}

/** Null: accepted. The body arrives in pieces, cut after each number of bytes. */
export function outcome(
  begun: Verifier | Refusal,
  body: Uint8Array | string,
  cuts: readonly number[] = [],
): Refusal | null {
  if (isRefusal(begun)) return begun;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  for (let i = 1; i < ends.length; i += 1) begun.update(bytes.slice(ends[i - 1], ends[i]));
  return begun.refusal(bytes);
}

export function verdict(
  begun: Verifier | Refusal,
  body: Uint8Array | string,
  cuts: readonly number[] = [],
): RefusalReason | "accepted" {
  return outcome(begun, body, cuts)?.reason ?? "accepted";
}

/** What headers alone decide; "reads the body" if they do not. */
export function byHeaders(begun: Verifier | Refusal): RefusalReason | "reads the body" {
  return isRefusal(begun) ? begun.reason : "reads the body";
}

const AWKWARD = ["", "\ufeff{}", '{"a":1}\r\n', "äöå 😀", "\u0000", "a=1&b=2", "%", "{body}{id}"];

/** Texts that re-encoding, trimming or parsing would change. */
export const texts = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.json(),
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
);

/** The same, and bytes that are no text at all. */
export const bodies = fc.oneof(
  texts.map((text) => new Uint8Array(Buffer.from(text))),
  fc.uint8Array({ maxLength: 300 }),
);

export const cuts = fc.array(fc.nat(), { maxLength: 5 });

/** A secret in ASCII, as every sender's is. A blank one is none. */
export const secrets = fc
  .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 80 })
  .filter((secret) => secret.trim() !== "");

/** `digits` in every form that no sender writes; each behind `prefix`. Named by what is wrong. */
export function spoiledHex(prefix: string, digits: string): [string, string][] {
  const good = `${prefix}${digits}`;
  return [
    ["upper case", `${prefix}${digits.toUpperCase()}`],
    ["one digit short", good.slice(0, -1)],
    ["one byte short", good.slice(0, -2)],
    ["one digit long", `${good}0`],
    ["no digit", prefix === "" ? "-" : prefix],
    ["another prefix", `sha1=${digits}`],
    ["a prefix too many", `${prefix === "" ? "x=" : prefix}${good}`],
    ["twice, as one header", `${good}, ${good}`],
    ["a space inside", `${good.slice(0, -2)} ${good.slice(-2)}`],
    ["a letter that is no digit", `${good.slice(0, -1)}g`],
    ["a character beyond ASCII", `${good.slice(0, -1)}\u00bc`],
    ["0x", `${prefix}0x${digits.slice(2)}`],
    ["base64", `${prefix}${Buffer.from(digits, "hex").toString("base64")}`],
  ];
}

/** The same for base64 of a fixed number of bytes. */
export function spoiledBase64(prefix: string, encoded: string): [string, string][] {
  const good = `${prefix}${encoded}`;
  return [
    ["without padding", good.replace(/=+$/, "")],
    ["one padding too many", `${good}=`],
    ["truncated", good.slice(0, -8)],
    ["longer", `${prefix}AAAA${encoded}`],
    ["twice, as one header", `${good}, ${good}`],
    ["a space inside", `${good.slice(0, -6)} ${good.slice(-6)}`],
    ["not canonical", notCanonical(good)],
    ["hex", `${prefix}${Buffer.from(encoded, "base64").toString("hex")}`],
    ["beyond the alphabet", `${prefix}!${encoded.slice(1)}`],
    ["no digit", prefix === "" ? "=" : prefix],
  ];
}

/** Every signature that differs in one bit. */
export function* bitFlips(digest: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < digest.length * 8; bit += 1) {
    const flipped = Buffer.from(digest);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}

/** The same bytes to a careless decoder: the bits that padding leaves unused are set. */
function notCanonical(encoded: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const last = encoded.replace(/=+$/, "").length - 1;
  const next = alphabet[alphabet.indexOf(encoded[last]!) + 1]!;
  return `${encoded.slice(0, last)}${next}${encoded.slice(last + 1)}`;
}

/** Times as a header gives them, and what they come to at `NOW` with 300 s of tolerance, both ways. */
export const TIMES: readonly (readonly [string, string, RefusalReason | "reads the body"])[] = [
  ["now", "1614265330", "reads the body"],
  ["exactly 300 s ago", "1614265030", "reads the body"],
  ["301 s ago", "1614265029", "stale_timestamp"],
  ["300 s in the future", "1614265630", "reads the body"],
  ["301 s in the future", "1614265631", "stale_timestamp"],
  ["the epoch", "0", "stale_timestamp"],
  ["the far future", "999999999999", "stale_timestamp"],
  ["missing", "", "missing_timestamp"],
  ["milliseconds", "1614265330000", "malformed_signature"],
  ["a fraction", "1614265330.5", "malformed_signature"],
  ["negative", "-1614265330", "malformed_signature"],
  ["signed", "+1614265330", "malformed_signature"],
  ["an exponent", "1e9", "malformed_signature"],
  ["hexadecimal", "0x60380000", "malformed_signature"],
  ["RFC 3339", "2021-02-25T15:02:10Z", "malformed_signature"],
  ["text", "now", "malformed_signature"],
  ["twice, as one header", "1614265330, 1614265330", "malformed_signature"],
  ["digits of another script", "\u00b2\u00b3", "malformed_signature"],
];
