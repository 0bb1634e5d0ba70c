import { isObject, type Json } from "../lib/json.ts";
import { standardWebhookKey } from "../lib/standard-webhooks.ts";
import type { ConfigProblem } from "./config-error.ts";
import { findSetting } from "./keys.ts";
import { isReference } from "./secrets.ts";

/** The settings that one channel was given, whatever they come from, and where they stand. */
export interface GivenChannel {
  readonly name: string;
  /** Checked by itself; a secret as it was written. Undefined when it was not given. */
  value(key: string): Json | undefined;
  /** Where a key stands; the table's place for one that was not given. */
  place(key: string): Pick<ConfigProblem, "where" | "line">;
}

/** Options that only some schemes read. On another one they would promise a check that is never made. */
const SCHEMES_OF: Readonly<Record<string, readonly string[]>> = {
  header: ["hmac", "bearer"],
  algorithm: ["hmac"],
  encoding: ["hmac"],
  prefix: ["hmac"],
  signed: ["hmac"],
  timestamp_header: ["hmac"],
  tolerance_seconds: ["hmac", "standard-webhooks", "stripe", "slack"],
  username: ["basic"],
};

/** Two ways to say one thing. */
const EITHER_OR = [
  ["secret", "secrets"],
  ["app_secret", "app_secrets"],
  ["id_header", "id_field"],
  ["type_header", "type_field"],
] as const;

/** What is wrong with the settings of a channel together; each by itself has passed its own check. */
export function channelProblems(channel: GivenChannel): readonly ConfigProblem[] {
  return [
    ...twice(channel),
    ...missingScheme(channel),
    ...ofAnotherScheme(channel),
    ...signedParts(channel),
    ...unsignedReplies(channel),
    ...badKeys(channel),
    ...shownSecrets(channel),
  ];
}

/** What works, but not as somebody may think. */
export function channelWarnings(channel: GivenChannel, publicUrl: string): readonly string[] {
  const { name } = channel;
  const scheme = channel.value("scheme");
  const warnings: string[] = [];
  if (scheme === "twilio" && publicUrl === "") {
    warnings.push(
      `"channels.${name}" is Twilio's, which signs the address it calls: unless gateway.public_url says it, deliveries through a proxy or tunnel are refused`,
    );
  }
  const timestamp = channel.value("timestamp_header");
  if (timestamp !== undefined && !signedText(channel).includes("{timestamp}")) {
    warnings.push(
      `"channels.${name}.timestamp_header" names a time that is not signed ("channels.${name}.signed" has no {timestamp}): whoever sends a delivery again can make it look new`,
    );
  }
  return warnings;
}

function twice(channel: GivenChannel): readonly ConfigProblem[] {
  return EITHER_OR.flatMap(([one, other]) => {
    if (channel.value(one) === undefined || channel.value(other) === undefined) return [];
    const detail = `"${key(channel, other)}" and "${key(channel, one)}" are both given`;
    return [problem(channel, other, detail, `${one} or ${other}, not both`)];
  });
}

/** A channel of a kind that is not our own must say how its deliveries are verified. */
function missingScheme(channel: GivenChannel): readonly ConfigProblem[] {
  const setting = findSetting(key(channel, "scheme"));
  if (setting === null || channel.value("scheme") !== undefined) return [];
  const detail = `"${key(channel, "scheme")}" is missing: it must be ${setting.allowed}`;
  return [{ key: key(channel, "scheme"), ...channel.place("scheme"), detail, allowed: setting.allowed }];
}

function ofAnotherScheme(channel: GivenChannel): readonly ConfigProblem[] {
  const scheme = channel.value("scheme");
  if (typeof scheme !== "string") return [];
  return Object.entries(SCHEMES_OF).flatMap(([name, schemes]) => {
    if (channel.value(name) === undefined) return [];
    if (!schemes.includes(scheme)) {
      const detail = `"${key(channel, name)}" does nothing with scheme = "${scheme}"`;
      return [problem(channel, name, detail, `scheme = ${schemes.map((each) => `"${each}"`).join(" or ")}`)];
    }
    if (name !== "tolerance_seconds" || scheme !== "hmac" || channel.value("timestamp_header") !== undefined) return [];
    const detail = `"${key(channel, name)}" does nothing without a time to compare`;
    return [problem(channel, name, detail, `"${key(channel, "timestamp_header")}" beside it`)];
  });
}

/** `signed` speaks of a time or an id that some header has to bring. */
function signedParts(channel: GivenChannel): readonly ConfigProblem[] {
  if (channel.value("scheme") !== "hmac") return [];
  return (["timestamp", "id"] as const).flatMap((part) => {
    const header = `${part}_header`;
    if (!signedText(channel).includes(`{${part}}`) || channel.value(header) !== undefined) return [];
    const detail = `"${key(channel, "signed")}" has {${part}}, and no header is named that brings it`;
    return [problem(channel, "signed", detail, `"${key(channel, header)}" beside it`)];
  });
}

function signedText(channel: GivenChannel): string {
  return String(channel.value("signed") ?? "{body}");
}

/** An answer nobody can verify could come from anybody. */
function unsignedReplies(channel: GivenChannel): readonly ConfigProblem[] {
  if (channel.value("reply_url") === undefined || channel.value("reply_secret") !== undefined) return [];
  if (channel.value("scheme") === "standard-webhooks") return [];
  const detail = `"${key(channel, "reply_url")}" has no secret to sign answers with`;
  return [problem(channel, "reply_url", detail, `"${key(channel, "reply_secret")}" beside it`)];
}

/** An id or a type is shown to operators, also of refused deliveries: a header with the secret in it must not be one. */
function shownSecrets(channel: GivenChannel): readonly ConfigProblem[] {
  const scheme = channel.value("scheme");
  const own = scheme === "bearer" ? channel.value("header") : scheme === "telegram" ? TELEGRAM_HEADER : undefined;
  const secret = ["authorization", "proxy-authorization", "cookie", String(own ?? "authorization").toLowerCase()];
  return (["id_header", "type_header"] as const).flatMap((name) => {
    const header = channel.value(name);
    if (typeof header !== "string" || !secret.includes(header.toLowerCase())) return [];
    return [problem(channel, name, `"${key(channel, name)}" names a header that brings a secret`, "another header")];
  });
}

const TELEGRAM_HEADER = "x-telegram-bot-api-secret-token";

/** What stands elsewhere (`env:`, `file:`) is looked at when it is read: a bad one turns the channel off. */
function badKeys(channel: GivenChannel): readonly ConfigProblem[] {
  const names =
    channel.value("scheme") === "standard-webhooks" ? ["secret", "secrets", "reply_secret"] : ["reply_secret"];
  return names.flatMap((name) => {
    const reason = keyFault(channel.value(name), (secret) => !isReference(secret));
    if (reason === null) return [];
    const detail = `"${key(channel, name)}" is no Standard Webhooks secret: ${reason}`;
    return [problem(channel, name, detail, "whsec_ and base64")];
  });
}

/** Why one of the secrets in `value` cannot be a key of Standard Webhooks; null when each can. Never quotes it. */
export function keyFault(value: Json | undefined, isLookedAt: (secret: string) => boolean = () => true): string | null {
  if (value === undefined || isObject(value)) return null;
  for (const secret of [value].flat().map(String)) {
    const read = isLookedAt(secret) ? standardWebhookKey(secret) : null;
    if (read?.ok === false) return read.reason;
  }
  return null;
}

function problem(channel: GivenChannel, name: string, found: string, allowed: string): ConfigProblem {
  return {
    key: key(channel, name),
    ...channel.place(name),
    detail: found,
    allowed,
    hint: `Allowed: ${allowed}. To take it out: zeroclaw config unset ${key(channel, name)}`,
  };
}

function key({ name }: GivenChannel, setting: string): string {
  return `channels.${name}.${setting}`;
}
