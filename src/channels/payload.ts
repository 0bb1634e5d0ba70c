import { decodeUtf8 } from "../lib/json.ts";
import type { Refusal } from "../protocol/refusal.ts";

/** `found`: what is wrong with the body, as the end of a sentence that begins with it. */
export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly found: string };

/** `numbers`: `exact` makes texts of whole numbers that a double cannot hold, so that two long ids stay two. */
export function parseJson(bytes: Uint8Array, numbers: "double" | "exact" = "double"): Parsed {
  if (bytes.length === 0) return { ok: false, found: "is empty" };
  const text = decodeUtf8(bytes);
  if (text === null) return { ok: false, found: "is not UTF-8" };
  try {
    const value: unknown = numbers === "exact" ? JSON.parse(text, REVIVE) : JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false, found: "is not valid JSON" };
  }
}

// `as`: TypeScript's library does not yet know the third argument (ECMA-262, JSON.parse source text access).
const REVIVE = exactly as (key: string, value: unknown) => unknown;

function exactly(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  const rounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded ? (context.source ?? value) : value;
}

/** A verified delivery that cannot be read. Nothing of the body is repeated: refusals are kept without it. */
export function badBody(found: string, fix: string): Refusal {
  return { reason: "bad_body", code: "bad_json", detail: `The delivery is signed, but its body ${found}.`, fix };
}

export function isForm(contentType: string): boolean {
  return mediaType(contentType) === "application/x-www-form-urlencoded";
}

/** The type without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/** A form's fields; the first of equal names counts. Bytes that are no UTF-8 become U+FFFD, as a browser's forms do. */
export function formFields(bytes: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(bytes))) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

const AMPERSAND = 0x26;
const PLUS = 0x2b;
const PERCENT = 0x25;
const SPACE = 0x20;

/** The decoded bytes of a form's first field called `name` (plain ASCII), without a text of the whole form; null when there is none. */
export function formField(bytes: Uint8Array, name: string): Uint8Array | null {
  const wanted = Buffer.from(`${name}=`);
  const form = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at <= form.length; ) {
    const ampersand = form.indexOf(AMPERSAND, at);
    const end = ampersand === -1 ? form.length : ampersand;
    const begins = form.subarray(at, at + wanted.length);
    if (begins.equals(wanted)) return decodeField(form.subarray(at + wanted.length, end));
    at = end + 1;
  }
  return null;
}

function decodeField(field: Uint8Array): Uint8Array {
  const decoded = new Uint8Array(field.length);
  let length = 0;
  for (let at = 0; at < field.length; at += 1, length += 1) {
    const byte = field[at]!;
    const high = byte === PERCENT ? hexDigit(field[at + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(field[at + 2]);
    if (low === -1) {
      decoded[length] = byte === PLUS ? SPACE : byte;
      continue;
    }
    decoded[length] = high * 16 + low;
    at += 2;
  }
  return decoded.subarray(0, length);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
