import { lstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { decodeUtf8 } from "../lib/json.ts";
import { ConfigError } from "./config-error.ts";
import { errorCode } from "./secrets.ts";

export interface ConfigFile {
  /** Empty when there is no file. */
  readonly text: string;
  readonly exists: boolean;
  /** The permission bits; 0 when there is no file. */
  readonly mode: number;
}

/** More than any configuration needs: what is larger is not one. */
export const MAX_CONFIG_BYTES = 1_048_576;

// Synchronous, because four trips to the thread pool take longer than the start has for all of this.

/** Reads config.toml, through a symbolic link if it is one. @throws ConfigError when something is there that is no text file. */
export function readConfigFile(path: string, where: string): ConfigFile {
  const info = statOf(path, where);
  if (info === null) return { text: "", exists: false, mode: 0 };
  // A pipe or a device could keep the start waiting for ever.
  if (!info.isFile()) throw unreadable(where, "it is not a file", "Move it away: the gateway makes a new one.");
  if (info.size > MAX_CONFIG_BYTES) throw tooLarge(where, info.size);
  const bytes = readBytes(path, where);
  if (bytes.length > MAX_CONFIG_BYTES) throw tooLarge(where, bytes.length);
  const text = decodeUtf8(bytes);
  if (text === null) throw notText(where, bytes);
  return { text, exists: true, mode: info.mode & 0o777 };
}

function readBytes(path: string, where: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(where, `it cannot be read (${errorCode(error)})`, PERMISSION_HINT, error);
  }
}

const PERMISSION_HINT = "Give the user of the gateway permission to read it.";

function statOf(path: string, where: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw unreadable(where, `it cannot be read (${code})`, PERMISSION_HINT, error);
    }
  }
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  throw unreadable(where, "it is a symbolic link to a file that does not exist", "Remove the link or make the file.");
}

function tooLarge(where: string, size: number): ConfigError {
  return unreadable(
    where,
    `it has ${size} bytes, and at most ${MAX_CONFIG_BYTES} are allowed`,
    "Move what is not configuration out of it.",
  );
}

function notText(where: string, bytes: Uint8Array): ConfigError {
  const line = lineOfBadByte(bytes);
  return unreadable(`${where} line ${line}`, "it is not UTF-8 text", "Save the file as UTF-8.", undefined, line);
}

function lineOfBadByte(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || decodeUtf8(bytes.subarray(start, end)) === null) return line;
    start = end + 1;
  }
}

function unreadable(where: string, detail: string, hint: string, cause?: unknown, line?: number): ConfigError {
  const problem = { key: "", where, detail, hint, ...(line === undefined ? {} : { line }) };
  return new ConfigError("Cannot read the configuration", [problem], cause === undefined ? {} : { cause });
}
