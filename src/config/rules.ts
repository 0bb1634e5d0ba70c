import { parseNetwork } from "../lib/address.ts";
import type { Json } from "../lib/json.ts";
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
  "agent.command": each((value) => (value === "" ? "is empty" : null)),
  "store.url": text(storeUrl),
};

/** The same for the settings of channels, by their name alone. */
const CHANNEL_RULES: Readonly<Record<string, Rule>> = {
  expect_every: text(duration),
  phone_number_id: text((value) => (/^\d+$/.test(value) ? null : "is not made of digits alone")),
  graph_url: text(httpUrl),
  api_url: text(httpUrl),
  reply_url: text(httpUrl),
  secrets: each((value) => (value === "" ? "is empty" : null), "hidden"),
  allowed_repos: each(repository),
};

/** What is wrong with the value of `key` beyond its type: `entry 2 ("10.0.0.0/33") is no address and no network`. */
export function complaintAbout(key: string, value: Json): string | null {
  const { table, name } = splitKey(key);
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

function storeUrl(value: string): string | null {
  if (/^postgres(ql)?:\/\//.test(value)) return URL.parse(value) === null ? "is a URL that cannot be read" : null;
  const file = /^sqlite:(?!\/\/)(.+)$/.exec(value)?.[1];
  if (file === undefined) return "is neither sqlite:<file> nor postgres://…";
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
