import type { Json } from "../lib/json.ts";
import { keyFault } from "./channel-checks.ts";
import { channelKind, channelSettings } from "./keys.ts";
import type { Environment } from "./paths.ts";
import { resolveSecret } from "./secrets.ts";

export type ChannelValues = Readonly<Record<string, Json>>;

export interface Channel {
  /** What was given and the defaults of the rest, secrets resolved. A secret that could not be resolved is not in it. */
  readonly values: ChannelValues;
  /** Why the channel is off; null when it can be started. */
  readonly fault: string | null;
  /** Why it takes deliveries but cannot answer them. */
  readonly mute: readonly string[];
}

/** Secrets that only answers need: without one, deliveries are taken all the same. */
const FOR_ANSWERS: ReadonlySet<string> = new Set(["access_token", "reply_secret"]);

/** Makes a channel of what was given for it. Never fails: a channel without its secret is off, and nothing else is. */
export function resolveChannel(name: string, given: ReadonlyMap<string, Json>, env: Environment): Channel {
  const values: Record<string, Json> = {};
  const faults: string[] = [];
  const mute: string[] = [];
  for (const [key, setting] of Object.entries(channelSettings(name))) {
    const value = given.get(key) ?? setting.default;
    if (value === undefined) continue;
    const resolved: Resolved = setting.secret ? resolveAll(value, env) : { ok: true, value };
    if (resolved.ok) values[key] = resolved.value;
    else (FOR_ANSWERS.has(key) ? mute : faults).push(`"channels.${name}.${key}": ${resolved.reason}`);
  }
  if (faults.length === 0) faults.push(...missingSecrets(name, values), ...badKeys(name, values));
  const fault = faults[0] ?? null;
  return { values, fault, mute: fault === null ? mute : [] };
}

/** What a channel cannot do without, whatever else was given. */
function missingSecrets(name: string, values: ChannelValues): readonly string[] {
  const kind = channelKind(name);
  const several = (key: string) => Array.isArray(values[key]) && values[key].length > 0;
  const missing = (key: string) => !(key in values) && !several(`${key}s`);
  return (kind === "whatsapp" ? ["app_secret", "verify_token"] : ["secret"]).filter(missing).map(notSet(name));
}

/** Of secrets that stand elsewhere: those in the configuration itself have stopped the start. */
function badKeys(name: string, values: ChannelValues): readonly string[] {
  const keys = values["scheme"] === "standard-webhooks" ? ["secret", "secrets", "reply_secret"] : ["reply_secret"];
  return keys.flatMap((key) => {
    const reason = keyFault(values[key]);
    return reason === null ? [] : [`"channels.${name}.${key}" is no Standard Webhooks secret: ${reason}`];
  });
}

function notSet(name: string): (key: string) => string {
  return (key) => `"channels.${name}.${key}" is not set: zeroclaw config set channels.${name}.${key} env:NAME`;
}

type Resolved = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: string };

function resolveAll(value: Json, env: Environment): Resolved {
  if (!Array.isArray(value)) return resolveSecret(String(value), env);
  const secrets = value.map((entry) => resolveSecret(String(entry), env));
  const failed = secrets.find((secret) => !secret.ok);
  return failed ?? { ok: true, value: secrets.map((secret) => (secret.ok ? secret.value : "")) };
}
