import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { decodeUtf8 } from "../lib/json.ts";
import type { Environment } from "./paths.ts";

export type Secret = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

const MAX_SECRET_BYTES = 65_536;
const REFERENCE = /^(env|file):/;

/** Whether a secret stands elsewhere (`env:NAME`, `file:/path`) rather than in the configuration itself. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

/** The secret that `text` is or points to. A file's last line feed is not part of it. A blank one is none: anyone guesses it. */
export function resolveSecret(text: string, env: Environment): Secret {
  if (text.startsWith("env:")) return fromEnvironment(text.slice("env:".length), env);
  if (text.startsWith("file:")) return fromFile(text.slice("file:".length));
  return isBlank(text) ? { ok: false, reason: "it is blank" } : { ok: true, value: text };
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** A URL without the user name and password in it, also those of a query (`?password=`), for printing. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/\s]*@/g, "//…@").replace(/([?&][^=&\s]*pass[^=&\s]*=)[^&\s]*/gi, "$1…");
}

function fromEnvironment(name: string, env: Environment): Secret {
  const value = env[name];
  if (value !== undefined && !isBlank(value)) return { ok: true, value };
  return { ok: false, reason: `the environment variable "${name}" is ${value === undefined ? "not set" : "empty"}` };
}

function fromFile(path: string): Secret {
  if (!isAbsolute(path)) return { ok: false, reason: `"file:${path}" is no absolute path` };
  try {
    const { size, isFile } = fileInfo(path);
    // Reading a pipe or a device could wait for ever.
    if (!isFile) return { ok: false, reason: `"${path}" is not a file` };
    if (size > MAX_SECRET_BYTES) return { ok: false, reason: `"${path}" has ${size} bytes, more than 65536` };
    const value = decodeUtf8(readFileSync(path))?.replace(/\r?\n$/, "");
    if (value === undefined) return { ok: false, reason: `"${path}" is not UTF-8 text` };
    return isBlank(value) ? { ok: false, reason: `"${path}" is empty` } : { ok: true, value };
  } catch (error) {
    return { ok: false, reason: `"${path}" cannot be read (${errorCode(error)})` };
  }
}

function fileInfo(path: string): { readonly size: number; readonly isFile: boolean } {
  const info = statSync(path);
  return { size: info.size, isFile: info.isFile() };
}

/** `ENOENT` and its like; the message of an error that has no code. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
