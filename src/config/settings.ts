/**
 * Every setting, declared once: type in arktype's language, default, limits in words, description. Checks and
 * types are compiled from it (`scripts/generate.ts`); `config list`, the first config.toml and docs/configuration.md
 * are printed from it. Nothing here loads arktype: the import below is a type and is erased.
 */
import type { type } from "arktype";
import type { Json } from "../lib/json.ts";

export interface Setting {
  /** What is allowed, in arktype's language. */
  readonly type: string;
  /** What is allowed, in words, for error messages and docs. */
  readonly allowed: string;
  /** Absent: the setting has no value unless it is given. */
  readonly default?: Json;
  /** One line for the file's comment and the reference. */
  readonly about: string;
  /** Never printed, never logged; may be `env:NAME` or `file:/path`. */
  readonly secret?: true;
}

const LIST = { type: "string[]", allowed: "a list of strings" } as const;
const SECRET = { type: "string > 0", allowed: "a string, or env:NAME, or file:/path", secret: true } as const;
const TEMPLATES = {
  type: "Record<string, string>",
  allowed: 'a table of strings, e.g. { "issues.opened" = "…" }',
} as const;
const SWITCH = { type: "boolean", allowed: "true or false" } as const;

export const SETTINGS = {
  gateway: {
    host: {
      type: "string > 0",
      allowed: "an address or host name, not empty",
      default: "127.0.0.1",
      about: "Bind address",
    },
    port: {
      type: "0 <= number.integer <= 65535",
      allowed: "a whole number from 0 to 65535 (0: a random free port)",
      default: 8585,
      about: "Listen port",
    },
    paired_tokens: {
      ...LIST,
      allowed: "a list of SHA-256 hashes (64 hex digits) or tokens (zc_…)",
      default: [],
      about: "Authenticated tokens (managed automatically)",
      secret: true,
    },
    public_url: {
      type: "string",
      allowed: "an http:// or https:// URL, or empty",
      default: "",
      about: "The address at which others reach the gateway, e.g. behind a proxy",
    },
    allowed_origins: {
      ...LIST,
      allowed: "a list of origins such as https://app.example.com",
      default: [],
      about: "Origins of web pages that may use the API",
    },
    allowed_hosts: {
      ...LIST,
      allowed: "a list of host names",
      default: [],
      about: "Host names, besides localhost and public_url, that the gateway answers to",
    },
    trusted_proxies: {
      ...LIST,
      allowed: "a list of addresses or networks such as 10.0.0.0/8",
      default: [],
      about: "Proxies whose X-Forwarded-For is believed",
    },
    wait_seconds: {
      type: "0 <= number <= 240",
      allowed: "a number from 0 to 240",
      default: 25,
      about: "How long a request waits for the agent before it is answered 202",
    },
  },
  "gateway.rate_limit": {
    enabled: { ...SWITCH, default: true, about: "Limit how often each client may ask" },
    max_requests_per_window: {
      type: "1 <= number.integer <= 1000000",
      allowed: "a whole number from 1 to 1000000",
      default: 60,
      about: "Requests that one client may make in a window; reads with a token have ten times as many of their own",
    },
    window_seconds: {
      type: "1 <= number.integer <= 86400",
      allowed: "a whole number from 1 to 86400",
      default: 60,
      about: "Length of the sliding window",
    },
    max_tracked_keys: {
      type: "1 <= number.integer <= 10000000",
      allowed: "a whole number from 1 to 10000000",
      default: 10000,
      about: "Clients that have a window of their own; strangers past that share one",
    },
  },
  "gateway.idempotency": {
    enabled: { ...SWITCH, default: true, about: "Detect duplicate requests by their Idempotency-Key" },
    max_keys: {
      type: "1 <= number.integer <= 10000000",
      allowed: "a whole number from 1 to 10000000",
      default: 10000,
      about: "Keys held in memory; older ones are found on disk for 7 days",
    },
  },
  agent: {
    kind: {
      type: "'operator' | 'auto' | 'model' | 'acp'",
      allowed: '"operator", "auto", "model" or "acp"',
      default: "operator",
      about: "Who answers: the built-in operator, a model, or an agent that speaks ACP",
    },
    provider: { type: "string", allowed: "a string", about: "The model's provider, e.g. ollama" },
    base_url: { type: "string", allowed: "an http:// or https:// URL", about: "The address of the model's API" },
    model: { type: "string", allowed: "a string", about: "The model's name" },
    api_key: { ...SECRET, about: "The key of the model's API" },
    system_prompt: { type: "string", allowed: "a string", about: "What the model is told before every conversation" },
    context_tokens: {
      type: "1024 <= number.integer <= 10000000",
      allowed: "a whole number from 1024 to 10000000",
      default: 32768,
      about: "How much of a conversation a model is sent, in tokens (estimated); what is older is left out",
    },
    max_output_tokens: {
      type: "1 <= number.integer <= 1000000",
      allowed: "a whole number from 1 to 1000000",
      about: "Longest answer of a model, in tokens; the provider's own limit unless given",
    },
    command: { ...LIST, about: "The ACP agent's program and arguments" },
    cwd: { type: "string", allowed: "a path", about: "The folder an ACP agent works in" },
    env: {
      ...LIST,
      allowed: "a list of names of environment variables",
      default: [],
      about: "Variables that an ACP agent's process gets, besides HOME, PATH, LANG and the like",
    },
    max_concurrent: {
      type: "1 <= number.integer <= 256",
      allowed: "a whole number from 1 to 256",
      default: 4,
      about: "Events that are worked on at the same time, each of another conversation",
    },
    timeout_seconds: {
      type: "1 <= number <= 86400",
      allowed: "a number from 1 to 86400",
      default: 600,
      about: "How long one answer may take",
    },
  },
  v1: {
    max_body: {
      type: "1024 <= number.integer <= 67108864",
      allowed: "a whole number of bytes from 1024 to 67108864",
      default: 4194304,
      about: "Largest body under /v1, in bytes",
    },
  },
  store: {
    url: {
      type: "string > 0",
      allowed: "sqlite:<file in the folder>",
      default: "sqlite:state.db",
      about: "Where state is kept",
    },
    retention_days: {
      type: "1 <= number.integer <= 3650",
      allowed: "a whole number from 1 to 3650",
      default: 30,
      about: "How long the raw bytes of events are kept",
    },
  },
} as const satisfies Record<string, Record<string, Setting>>;

/** Settings that every `[channels.<name>]` may have. */
export const CHANNEL_SETTINGS = {
  max_body: {
    type: "1 <= number.integer <= 26214400",
    allowed: "a whole number of bytes from 1 to 26214400",
    about: "Largest body, in bytes (github 25 MB, whatsapp 3 MB, others 64 KB)",
  },
  rate_limit: {
    type: "1 <= number.integer <= 1000000",
    allowed: "a whole number from 1 to 1000000",
    about: "Verified deliveries a minute; no limit unless given",
  },
  expect_every: {
    type: "string > 0",
    allowed: "a duration such as 30m or 24h",
    about: "Warn when nothing came for that long",
  },
  prompt: { type: "string", allowed: "a template (docs/prompts.md)", about: "What the agent is told about a delivery" },
  prompts: { ...TEMPLATES, about: "The same for single event types, e.g. push or issues.opened" },
  reply_private: {
    ...SWITCH,
    default: false,
    about: "Answers may be sent to private addresses, such as a server of your own",
  },
} as const satisfies Record<string, Setting>;

/** Settings of the channels that have a name of their own, and of all others (`custom`). */
export const CHANNEL_KINDS = {
  whatsapp: {
    verify_token: { ...SECRET, about: "The token typed into Meta's webhook form" },
    app_secret: { ...SECRET, about: "The app's secret, which signs deliveries" },
    app_secrets: { ...LIST, about: "Two app secrets while one replaces the other", secret: true },
    access_token: { ...SECRET, about: "Sends replies" },
    phone_number_id: { type: "string > 0", allowed: "a string of digits", about: "The number that replies" },
    allowed_numbers: {
      ...LIST,
      default: [],
      about: 'Senders that may talk to the agent; "*" is anyone, empty is nobody',
    },
    graph_url: {
      type: "string > 0",
      allowed: "an http:// or https:// URL",
      default: "https://graph.facebook.com/v24.0",
      about: "Meta's API",
    },
  },
  github: {
    secret: { ...SECRET, about: "The webhook's secret" },
    secrets: { ...LIST, about: "Two secrets while one replaces the other", secret: true },
    events: { ...LIST, default: [], about: "Event names to take, e.g. push; empty is all" },
    allowed_repos: {
      ...LIST,
      allowed: 'a list of owner/name, owner/* or "*"',
      default: [],
      about: 'Repositories that may reach the agent; "*" is any, empty is nobody',
    },
    reply: { ...SWITCH, default: false, about: "Answer with a comment" },
    access_token: { ...SECRET, about: "Writes comments" },
    api_url: {
      type: "string > 0",
      allowed: "an http:// or https:// URL",
      default: "https://api.github.com",
      about: "GitHub's API",
    },
  },
  custom: {
    scheme: {
      type: "'hmac' | 'standard-webhooks' | 'stripe' | 'slack' | 'telegram' | 'twilio' | 'bearer' | 'basic' | 'path'",
      allowed: '"hmac", "standard-webhooks", "stripe", "slack", "telegram", "twilio", "bearer", "basic" or "path"',
      about: "How deliveries prove who sent them",
    },
    secret: { ...SECRET, about: "The shared secret" },
    secrets: { ...LIST, about: "Two secrets while one replaces the other", secret: true },
    username: { type: "string > 0", allowed: "a string", about: "basic: the user name; any unless given" },
    header: {
      type: "string > 0",
      allowed: "a header's name",
      about: "hmac: the header with the signature (X-Signature-256 unless given); bearer: one with the bare secret",
    },
    algorithm: {
      type: "'sha256' | 'sha1' | 'sha512'",
      allowed: '"sha256", "sha1" or "sha512"',
      about: "hmac: the hash (sha256 unless given)",
    },
    encoding: {
      type: "'hex' | 'base64'",
      allowed: '"hex" or "base64"',
      about: "hmac: how the signature is written (hex unless given)",
    },
    prefix: { type: "string", allowed: "a string such as sha256=", about: "hmac: what stands before the signature" },
    signed: {
      type: "string > 0",
      allowed: "a text with {body} in it, and {timestamp} and {id} if they are signed",
      about: "hmac: what is signed ({body} unless given), e.g. {timestamp}.{body}",
    },
    timestamp_header: {
      type: "string > 0",
      allowed: "a header's name",
      about: "hmac: the header with the time in Unix seconds; it must be fresh",
    },
    tolerance_seconds: {
      type: "1 <= number.integer <= 86400",
      allowed: "a whole number from 1 to 86400",
      about: "How far a signed time may be from now (300 unless given)",
    },
    id_header: {
      type: "string > 0",
      allowed: "a header's name",
      about: "The header with the delivery's id, by which duplicates are known",
    },
    id_field: { type: "string > 0", allowed: "a path such as data.id", about: "The same as a field of a JSON body" },
    type_header: { type: "string > 0", allowed: "a header's name", about: "The header with the event's type" },
    type_field: { type: "string > 0", allowed: "a path such as event", about: "The same as a field of a JSON body" },
    reply_url: { type: "string", allowed: "an http:// or https:// URL", about: "Where answers are posted" },
    reply_secret: {
      ...SECRET,
      about: "Signs answers (Standard Webhooks); unless given, a standard-webhooks channel's own secret",
    },
  },
} as const satisfies Record<string, Record<string, Setting>>;

export type TableName = keyof typeof SETTINGS;
type Value<S> = S extends { type: infer T } ? type.infer<T> : never;
type Values<T> = { readonly [K in keyof T]: T[K] extends { default: Json } ? Value<T[K]> : Value<T[K]> | undefined };
type Table<N extends TableName> = Values<(typeof SETTINGS)[N]>;

/** The effective configuration: flag > environment > file > default. Parsed once; each part receives only its section. */
export interface Config {
  readonly gateway: Table<"gateway"> & {
    readonly rate_limit: Table<"gateway.rate_limit">;
    readonly idempotency: Table<"gateway.idempotency">;
  };
  readonly agent: Table<"agent">;
  readonly v1: Table<"v1">;
  readonly store: Table<"store">;
  /** By name: every setting of its kind that was given, checked, secrets resolved. */
  readonly channels: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}
