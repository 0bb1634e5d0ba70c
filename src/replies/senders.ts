import { channelKind } from "../config/keys.ts";
import type { Config } from "../config/settings.ts";
import type { Clock } from "../lib/clock.ts";
import type { Json } from "../lib/json.ts";
import { standardWebhookKey } from "../lib/standard-webhooks.ts";
import type { StoredReply } from "../protocol/reply.ts";
import { CallbackSender } from "./callback.ts";
import { GitHubSender } from "./github.ts";
import type { GuardedFetch } from "./guarded-fetch.ts";
import type { Sender } from "./sender.ts";
import { WhatsAppSender } from "./whatsapp.ts";

export interface SenderParts {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
}

/** Why a channel cannot send answers, and what to do. */
export interface NoSender {
  readonly none: string;
}

/** Who takes a reply. */
export type SenderOf = (reply: StoredReply) => Sender | NoSender;

type Values = Readonly<Record<string, Json>>;

/** A sender for every channel whose answers can go out, and the reason for every other. */
export function openSenders(channels: Config["channels"], parts: SenderParts): SenderOf {
  const senders = new Map<string, Sender | NoSender>();
  for (const [name, values] of Object.entries(channels)) senders.set(name, open(name, values, parts));
  return ({ source }) => senders.get(source) ?? { none: `There is no channel "${source}" any more` };
}

function open(name: string, values: Values, parts: SenderParts): Sender | NoSender {
  switch (channelKind(name)) {
    case "whatsapp":
      return openWhatsApp(values, parts);
    case "github":
      return openGitHub(values, parts);
    case "custom":
      return openCallback(name, values, parts);
  }
}

function openWhatsApp(values: Values, parts: SenderParts): Sender | NoSender {
  const accessToken = text(values, "access_token");
  const graphUrl = base(values, "graph_url");
  if (accessToken === null) return notSet("whatsapp", "access_token");
  if (graphUrl === null) return notSet("whatsapp", "graph_url");
  return new WhatsAppSender({ ...parts, graphUrl, accessToken, allowPrivate: allowPrivate(values) });
}

function openGitHub(values: Values, parts: SenderParts): Sender | NoSender {
  if (values["reply"] !== true)
    return { none: '"channels.github.reply" is off: zeroclaw config set channels.github.reply true' };
  const accessToken = text(values, "access_token");
  const apiUrl = base(values, "api_url");
  if (accessToken === null) return notSet("github", "access_token");
  if (apiUrl === null) return notSet("github", "api_url");
  return new GitHubSender({ ...parts, apiUrl, accessToken, allowPrivate: allowPrivate(values) });
}

function openCallback(channel: string, values: Values, parts: SenderParts): Sender | NoSender {
  const url = text(values, "reply_url");
  if (url === null) return notSet(channel, "reply_url");
  const secret = text(values, "reply_secret") ?? ownSecret(values);
  if (secret === null) return notSet(channel, "reply_secret"); // an unsigned answer could be anybody's
  const key = standardWebhookKey(secret);
  if (!key.ok) return { none: `The secret that signs answers of "channels.${channel}" cannot be used: ${key.reason}` };
  return new CallbackSender({ ...parts, channel, url, secret, allowPrivate: allowPrivate(values) });
}

/** A standard-webhooks channel signs with what its sender signs with; other secrets are not for showing to `reply_url`. */
function ownSecret(values: Values): string | null {
  if (values["scheme"] !== "standard-webhooks") return null;
  const several = values["secrets"];
  return text(values, "secret") ?? (Array.isArray(several) && typeof several[0] === "string" ? several[0] : null);
}

function notSet(channel: string, key: string): NoSender {
  return { none: `"channels.${channel}.${key}" is not set: zeroclaw config set channels.${channel}.${key} …` };
}

function text(values: Values, key: string): string | null {
  const value = values[key];
  return typeof value === "string" && value !== "" ? value : null;
}

function base(values: Values, key: string): string | null {
  return text(values, key)?.replace(/\/+$/, "") ?? null;
}

function allowPrivate(values: Values): boolean {
  return values["reply_private"] === true;
}
