import type { ConfigProblem } from "./config-error.ts";
import { CHANNEL_NAME_ALLOWED, fixedKeys, keysOf } from "./keys.ts";
import { nearest } from "./nearest.ts";
import { RUST_GATEWAY_KEYS, type RustKey } from "./rust-keys.ts";
import type { Setting } from "./settings.ts";

export type Explanation = Omit<ConfigProblem, "key" | "where" | "line" | "column">;

/** What to say about a key in one of our tables that we do not know. `settings` are those that the table has. */
export function explainUnknown(path: readonly string[], settings: Readonly<Record<string, Setting>>): Explanation {
  const table = path.slice(0, -1).join(".");
  const name = path.at(-1) ?? "";
  if (table === "channels") return badChannelName(name);
  const key = dotted(path);
  const rust = table === "gateway" && Object.hasOwn(RUST_GATEWAY_KEYS, name) ? RUST_GATEWAY_KEYS[name] : undefined;
  if (rust !== undefined) return rustKey(key, rust);
  const known = Object.keys(settings).join(", ");
  const meant = nearest(key, [...keysOf(table, settings), ...fixedKeys()]);
  if (meant === null) {
    return { detail: `unknown key "${key}"`, allowed: known, hint: `[${table}] takes: ${known}. ${FOREIGN_HINT}` };
  }
  const detail = `unknown key "${key}". Did you mean "${meant}"?`;
  return { detail, nearest: meant, allowed: known, hint: `[${table}] takes: ${known}.` };
}

const FOREIGN_HINT =
  "If the file belongs to another program, give the gateway a folder of its own: ZEROCLAW_CONFIG_DIR.";

const BARE_KEY = /^[A-Za-z0-9_-]+$/;

/** A path as it is written in TOML. */
export function dotted(path: readonly string[]): string {
  return path.map((each) => (BARE_KEY.test(each) ? each : JSON.stringify(each))).join(".");
}

function badChannelName(name: string): Explanation {
  const detail = `${JSON.stringify(name)} cannot be the name of a channel: it must be ${CHANNEL_NAME_ALLOWED}`;
  return { detail, allowed: CHANNEL_NAME_ALLOWED };
}

function rustKey(key: string, { replacement, note }: RustKey): Explanation {
  const belongs = `"${key}" is a setting of the Rust ZeroClaw`;
  if (replacement === undefined) {
    return { detail: `${belongs} that has no counterpart here: ${note}`, hint: "Remove it from the file." };
  }
  return { detail: `${belongs}. Use "${replacement}" instead: ${note}`, nearest: replacement };
}
