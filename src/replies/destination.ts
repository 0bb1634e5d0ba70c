import { type Address, addressScope, formatAddress, parseAddress } from "../lib/address.ts";

/** Where a request goes, after its name was resolved and every address behind it was checked. */
export interface Destination {
  /** The host as it is written in `Host`: with the port where that is not the scheme's own. */
  readonly host: string;
  /** The name the certificate is checked against; null where the URL has an address instead. */
  readonly serverName: string | null;
  /** The same resource at each address, in the order to try them. */
  readonly urls: readonly string[];
}

export interface Unreachable {
  readonly detail: string;
  /** The URL itself is wrong: trying again changes nothing. */
  readonly permanent: boolean;
}

/** All addresses of a name. Rejects when it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

const MAX_ADDRESSES = 4;

/**
 * Checks where `text` leads. One address that is not allowed refuses them all: which one is connected to must not be a
 * matter of luck. Addresses of machines and networks of one's own are allowed with `allowPrivate`; unspecified, link-local,
 * multicast and reserved ones never are.
 */
export async function findDestination(
  text: string,
  allowPrivate: boolean,
  resolve: Resolve,
): Promise<Destination | Unreachable> {
  const url = URL.parse(text);
  if (!url) return wrong("The URL cannot be read");
  if (url.protocol !== "https:" && url.protocol !== "http:") return wrong(`The URL begins with "${url.protocol}"`);
  if (url.username !== "" || url.password !== "") return wrong("The URL has a user name or password in it");
  const literal = parseAddress(url.hostname);
  const found = literal ? [literal] : await lookUp(url.hostname, resolve);
  if (!Array.isArray(found)) return found;
  const refused = found.map((address) => refusal(address, allowPrivate)).find((reason) => reason !== null);
  if (refused) return { detail: `"${url.hostname}" ${refused}`, permanent: false };
  return {
    host: url.host,
    serverName: literal ? null : url.hostname.replace(/\.$/, ""), // RFC 6066 §3: no trailing dot
    urls: found.slice(0, MAX_ADDRESSES).map((address) => at(url, address)),
  };
}

function wrong(detail: string): Unreachable {
  return { detail: `${detail}: give an http:// or https:// URL without credentials`, permanent: true };
}

async function lookUp(name: string, resolve: Resolve): Promise<Address[] | Unreachable> {
  const texts = await resolve(name).catch(() => []);
  const addresses = texts.map(parseAddress);
  const known = addresses.filter((address) => address !== null);
  if (known.length === 0 || known.length < addresses.length) {
    return { detail: `The name "${name}" cannot be resolved`, permanent: false };
  }
  // IPv4 first: a machine without an IPv6 route would wait for its time-out.
  return known.sort((a, b) => a.family - b.family);
}

function refusal(address: Address, allowPrivate: boolean): string | null {
  const scope = addressScope(address);
  const where = `leads to ${formatAddress(address)}`;
  if (scope === "special") return `${where}, an address that answers are never sent to`;
  if (scope === "public" || allowPrivate) return null;
  return `${where}, which is not public: set "reply_private" of the channel if it is a server of your own`;
}

function at(url: URL, address: Address): string {
  const host = address.family === 6 ? `[${formatAddress(address)}]` : formatAddress(address);
  return `${url.protocol}//${host}${url.port === "" ? "" : `:${url.port}`}${url.pathname}${url.search}`;
}
