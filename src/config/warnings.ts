import { distance } from "../lib/nearest.ts";
import type { FileLayer } from "./file-layer.ts";
import { findSetting, fixedKeys } from "./keys.ts";
import { hashOfPairedToken } from "./paired-tokens.ts";
import type { ConfigFile } from "./read-file.ts";
import { isReference } from "./secrets.ts";

const READABLE_BY_OTHERS = 0o044;
const TOKEN = /zc_[0-9a-f]{64}/i;
const TOKENS = /zc_[0-9a-f]{64}/gi;
const SHOWN = 5;

/** What a person should know about a file that can be used as it is. */
export function warningsAbout(file: ConfigFile, layer: FileLayer, where: string, readOnly: boolean): readonly string[] {
  const warnings: string[] = [];
  if (layer.foreign.length > 0) warnings.push(aboutForeign(layer.foreign, where));
  if ((file.mode & READABLE_BY_OTHERS) === 0) return warnings;
  if (!readOnly && holdsPairedToken(file, layer)) {
    // The start replaces it with its hash, and leaves the file with mode 0600.
    warnings.push(
      `${where} held a paired token in plaintext where other users of this machine could read it: pair that device again, and revoke the old one (zeroclaw devices revoke)`,
    );
  } else if (holdsSecrets(file, layer)) {
    warnings.push(`${where} holds secrets and can be read by other users of this machine: chmod 600 ${where}`);
  }
  return warnings;
}

function aboutForeign(foreign: readonly string[], where: string): string {
  const shown = foreign.slice(0, SHOWN).map((key) => JSON.stringify(key));
  const rest = foreign.length - shown.length;
  const names = shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  const meant = foreign.map(suggestion).filter((each) => each !== null);
  return `${where}: not settings of the gateway, left alone: ${names}${meant.length > 0 ? `. ${meant.join(" ")}` : ""}`;
}

const TABLES: readonly string[] = ["gateway", "agent", "channels", "store"];

/** A misspelt table looks like another program's; a key above the first table belongs to none. */
function suggestion(foreign: string): string | null {
  const table = TABLES.find((each) => distance(each, foreign.toLowerCase()) <= 2);
  if (table !== undefined) return `Is "${foreign}" meant to be [${table}]?`;
  const key = fixedKeys().find((each) => each === `gateway.${foreign}`);
  return key === undefined ? null : `Does "${foreign}" belong below [gateway]?`;
}

/** Whether a token stands in `gateway.paired_tokens` itself, of which the layer knows the hash alone. */
function holdsPairedToken(file: ConfigFile, layer: FileLayer): boolean {
  const hashes = layer.values.get("gateway.paired_tokens");
  if (!Array.isArray(hashes)) return false;
  return (file.text.match(TOKENS) ?? []).some((token) => hashes.includes(hashOfPairedToken(token)));
}

function holdsSecrets(file: ConfigFile, layer: FileLayer): boolean {
  if (TOKEN.test(file.text)) return true;
  for (const [key, value] of layer.values) {
    if (key === "gateway.paired_tokens") continue; // hashes
    const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (findSetting(key)?.secret && entries.some((entry) => !isReference(String(entry)))) return true;
  }
  return false;
}
