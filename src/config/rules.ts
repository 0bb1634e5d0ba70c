import { parseNetwork } from "../lib/address.ts";
import { isObject, type Json } from "../lib/json.ts";
import { compileTemplate, isTemplateError } from "../lib/template.ts";
import { parseDuration } from "../lib/time.ts";
import { showFound } from "../protocol/check.ts";
import { splitKey } from "./keys.ts";
import { hashOfPairedToken } from "./paired-tokens.ts";
import { withoutCredentials } from "./secrets.ts";

/** What is wrong with a value whose type is right: the end of a sentence that begins with the key. Null when nothing is. */
type Rule = (value: Json) => string | null;

/** What a type cannot say, by dotted key. Every value has passed its setting's type check. */
const RULES: Readonly<Record<string, Rule>> = {
  "gateway.host": text(host),
  "gateway.paired_tokens": each(pairedToken, "hidden"),
  "gateway.public_url": text((value) => (value === "" ? null : httpUrl(value))),
  "gateway.allowed_origins": each(origin),
  "gateway.allowed_hosts": each(hostName),
  "gateway.trusted_proxies": each(network),
  "agent.base_url": text(httpUrl),
  "agent.api_key": text(blankSecret),
  "agent.command": each((value) => (value === "" ? "is empty" : null)),
  "agent.env": each(variableName, "hidden"),
  "store.url": text(storeUrl),
};

/** The same for the settings of channels, by their name alone. */
const CHANNEL_RULES: Readonly<Record<string, Rule>> = {
  expect_every: text(duration),
  phone_number_id: text((value) => (/^\d+$/.test(value) ? null : "is not made of digits alone")),
  graph_url: text(httpUrl),
  api_url: text(httpUrl),
  reply_url: text(httpUrl),
  secret: text(blankSecret),
  app_secret: text(blankSecret),
  verify_token: text(blankSecret),
  access_token: text(blankSecret),
  reply_secret: text(blankSecret),
  app_secrets: secrets,
  secrets,
  header: text(headerName),
  timestamp_header: text(headerName),
  id_header: text(headerName),
  type_header: text(headerName),
  id_field: text(fieldPath),
  type_field: text(fieldPath),
  signed: text(signed),
  prompt: text(prompt),
  prompts,
  allowed_repos: each(repository),
};

/** What is wrong with the value of `key` beyond its type: `entry 2 ("10.0.0.0/33") is no address and no network`. */
export function complaintAbout(key: string, value: Json): string | null {
  const { table, name, entry } = splitKey(key);
  if (entry !== null) return promptEntry(entry, value);
  const rules = table.startsWith("channels.") ? CHANNEL_RULES : RULES;
  const rule = rules === RULES ? key : name;
  return Object.hasOwn(rules, rule) ? rules[rule]!(value) : null;
}

function text(rule: (value: string) => string | null): Rule {
  return (value) => (typeof value === "string" ? rule(value) : null);
}

function each(rule: (value: string) => string | null, show: "shown" | "hidden" = "shown"): Rule {
  return (value) => {
    if (!Array.isArray(value)) return null;
    for (const [i, entry] of value.entries()) {
      const complaint = rule(String(entry));
      if (complaint !== null)
        return `entry ${i + 1}${show === "shown" ? ` (${showFound(withoutCredentials(String(entry)))})` : ""} ${complaint}`;
    }
    return null;
  };
}

function host(value: string): string | null {
  if (isAddress(value)) return null;
  if (value === "*") return 'is no address; all interfaces are "0.0.0.0"';
  if (/:\d+$/.test(value)) return "holds a port, which belongs in gateway.port";
  // An empty or blank host would make Bun listen on all interfaces.
  return HOST_NAME.test(value) ? null : "is neither an address nor a host name";
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/** An address alone, IPv6 also in brackets or with a zone. */
function isAddress(value: string): boolean {
  const bare = value.replace(/^\[(.*)\]$/, "$1").replace(/%[\w.~-]+$/, "");
  return !bare.includes("/") && parseNetwork(bare) !== null;
}

function hostName(value: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return "is a URL; only the host name is wanted";
  if (isAddress(value)) return null;
  if (/:\d+$/.test(value)) return "holds a port; a host name is wanted";
  return HOST_NAME.test(value) ? null : "is no host name";
}

function httpUrl(value: string): string | null {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) return "is neither an http:// nor an https:// URL";
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  return null;
}

function origin(value: string): string | null {
  const url = URL.parse(value);
  if (url === null || !/^[a-z][a-z0-9+.-]*:\/\/./i.test(value)) return "is no origin, such as https://app.example.com";
  if (url.origin === value) return null;
  if (url.origin !== "null") return `is no origin; write "${url.origin}"`;
  // Apps and extensions have schemes of their own (tauri://localhost), which the URL standard gives no origin.
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(value) ? null : "is no origin: it has a path or a query";
}

function network(value: string): string | null {
  if (parseNetwork(value) !== null) return null;
  const [address = "", ...prefix] = value.split("/");
  if (prefix.length === 0 || parseNetwork(address) === null) {
    return "is neither an address nor a network such as 10.0.0.0/8";
  }
  return `has a prefix that is not a number from 0 to ${address.includes(":") ? 128 : 32}`;
}

function duration(value: string): string | null {
  const ms = parseDuration(value);
  return ms !== null && ms > 0 ? null : "is no duration such as 30m or 24h";
}

function repository(value: string): string | null {
  return /^(\*|[\w.-]+\/(\*|[\w.-]+))$/.test(value) ? null : 'is neither owner/name nor owner/* nor "*"';
}

/** What stands elsewhere (`env:`, `file:`) is looked at when it is read: a blank one turns the channel off. */
function blankSecret(value: string): string | null {
  return value.trim() === "" ? "is no secret: anybody guesses it" : null;
}

const MAX_SECRETS = 2;

function secrets(value: Json): string | null {
  return (
    tooMany(value) ?? each((one) => (one.trim() === "" ? "is blank, which anybody guesses" : null), "hidden")(value)
  );
}

function tooMany(value: Json): string | null {
  if (!Array.isArray(value) || value.length <= MAX_SECRETS) return null;
  return `holds ${value.length} secrets, and at most ${MAX_SECRETS} are allowed: the old one and the new one`;
}

/** A token of RFC 9110, section 5.6.2. */
function headerName(value: string): string | null {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(value)) return null;
  return value.endsWith(":")
    ? "is no header's name: it ends with a colon"
    : "is no header's name (RFC 9110: letters, digits and -)";
}

function fieldPath(value: string): string | null {
  return value.split(".").every((step) => step.trim() !== "") ? null : "is no path such as data.id";
}

function signed(value: string): string | null {
  const parts = value.match(/\{\w*\}/g) ?? [];
  const unknown = parts.find((part) => !["{body}", "{timestamp}", "{id}"].includes(part));
  if (unknown !== undefined) return `has ${unknown}, which is none of {body}, {timestamp} and {id}`;
  const bodies = parts.filter((part) => part === "{body}").length;
  if (bodies === 0) return "has no {body}: anybody could put another body below the signature";
  return bodies === 1 ? ambiguous(value, parts.length > 1) : "has {body} more than once";
}

/**
 * One signature must stand for one delivery only. Where an id or a body ends is told by what follows it, and a body may hold
 * any text, so it has to be last. `{timestamp}{body}` is clear enough: digits moved from one to the other make a time
 * that is years away, which is not fresh.
 */
function ambiguous(value: string, holdsMore: boolean): string | null {
  if (holdsMore && !value.endsWith("{body}")) return `does not end with {body}: ${TWO_DELIVERIES}`;
  if (/\{id\}(?=\{|$)/.test(value)) return `has no text between {id} and what follows it: ${TWO_DELIVERIES}`;
  return null;
}

const TWO_DELIVERIES =
  "one signature would be right for several deliveries; allowed is such as {id}.{timestamp}.{body}";

function prompt(value: string): string | null {
  if (value.trim() === "") return "is a template without a word";
  const compiled = compileTemplate(value);
  if (isTemplateError(compiled)) {
    const { line, column, detail, allowed } = compiled;
    return `cannot be read as a template: line ${line}, column ${column}: ${detail}. Allowed: ${allowed}`;
  }
  if (compiled.parts.some((part) => typeof part !== "string")) return null;
  return "names nothing of the delivery, so the agent would be told the same whatever came; {{ @summary }} and {{ @body }} always work";
}

/** Types are what events are stored under, so a name that none can have would never be used. */
const EVENT_TYPE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;

function promptEntry(type: string, value: Json): string | null {
  if (!EVENT_TYPE.test(type))
    return `stands under ${showFound(type)}, which is no type of events such as push or issues.opened`;
  return typeof value === "string" ? prompt(value) : null;
}

function prompts(value: Json): string | null {
  if (!isObject(value)) return null;
  for (const [type, template] of Object.entries(value)) {
    const complaint = promptEntry(type, template as Json); // what a table of JSON holds
    if (complaint !== null) return `${showFound(type)} ${complaint}`;
  }
  return null;
}

/** Of an entry that is more than a name only that is told: the rest may well be the secret itself. */
function variableName(value: string): string | null {
  if (value === "") return "is empty; names of variables are wanted";
  const [name = ""] = /^[^=\s\u0000-\u001f\u007f]*/.exec(value) ?? [];
  if (name === value) return null;
  if (name !== "" && value[name.length] === "=") {
    return `sets ${showFound(name)}; give the name alone: the value comes from the gateway's own environment`;
  }
  return "is no name of a variable: it has a blank, a control character or nothing before its =";
}

function storeUrl(value: string): string | null {
  if (/^postgres(ql)?:/i.test(value)) return "is PostgreSQL, and this version keeps its state in SQLite only";
  const file = /^sqlite:(?!\/\/)(.+)$/.exec(value)?.[1];
  if (file === undefined) return "is not sqlite:<file>";
  const parts = file.split(/[\\/]/);
  const outside = parts.includes("..") || parts[0] === "" || /^[A-Za-z]:/.test(file);
  if (outside) return "names a file outside the gateway's folder";
  return /[\u0000-\u001f?#]/.test(file) ? "names a file with characters that are not allowed" : null;
}

function pairedToken(value: string): string | null {
  return hashOfPairedToken(value) === null
    ? "is neither a hash (64 hex digits) nor a token (zc_ and 64 hex digits)"
    : null;
}
