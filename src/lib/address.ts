/** An IP address as its bytes, most significant first: 4 of them or 16. IPv4 in IPv6's clothes (`::ffff:a.b.c.d`) is IPv4. */
export interface Address {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

/** The addresses whose first `prefix` bits are those of `address`. */
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

const MAX_LENGTH = 100; // longer than any address with zone and port; what is longer is not looked at
const UNKNOWN_CLIENT = "unknown";
const PORT = /^:\d{1,5}$/;
const ZONE = /%[A-Za-z0-9._~-]{1,32}$/;
const PREFIX = /^(0|[1-9]\d{0,2})$/;

/**
 * Reads what sockets, proxies and people write: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`, `fe80::1%eth0`, each also
 * with a port (`192.0.2.1:80`, `[2001:db8::1]:80`). Zone and port are dropped. Null for anything else; IPv4 numbers with
 * leading zeros are refused, because some programs read them as octal.
 */
export function parseAddress(text: string): Address | null {
  if (text.length > MAX_LENGTH) return null;
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    if (end < 0) return null;
    const rest = text.slice(end + 1);
    return rest === "" || PORT.test(rest) ? parseV6(text.slice(1, end).replace(ZONE, "")) : null;
  }
  const colon = text.indexOf(":");
  if (colon < 0) return parseV4(text);
  if (text.indexOf(".") < colon && text.includes(".")) {
    return PORT.test(text.slice(colon)) ? parseV4(text.slice(0, colon)) : null;
  }
  return parseV6(text.replace(ZONE, ""));
}

/** The one way to write an address: dotted IPv4, or IPv6 as RFC 5952 wants it. */
export function formatAddress({ family, bytes }: Address): string {
  if (family === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const gap = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(":");
  return `${hex.slice(0, gap.start).join(":")}::${hex.slice(gap.start + gap.length).join(":")}`;
}

/** The canonical text of an address; null when it is none. */
export function normalizeAddress(text: string): string | null {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

/**
 * What a client is counted under: its IPv4 address, or the /64 of its IPv6 address, since one household or server
 * owns all of a /64 and could use a new address for every request. Text that is no address shares the key `unknown`.
 * A client key is its own client key.
 */
export function clientKey(text: string): string {
  if (v4Number(text) >= 0) return text; // strict, so the text is canonical already
  const address = parseAddress(text) ?? (text.endsWith("/64") ? parseV6(text.slice(0, -3)) : null);
  if (!address) return UNKNOWN_CLIENT;
  if (address.family === 4) return formatAddress(address);
  const network = new Uint8Array(16);
  network.set(address.bytes.subarray(0, 8));
  return `${formatAddress({ family: 6, bytes: network })}/64`;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is the network of itself. Null for anything else. */
export function parseNetwork(text: string): Network | null {
  if (text.length > MAX_LENGTH) return null;
  const [host = "", length, ...more] = text.split("/");
  const address = host.includes(":") ? parseV6(host) : parseV4(host);
  if (!address || more.length > 0) return null;
  const bits = address.bytes.length * 8;
  if (length === undefined) return { address, prefix: bits };
  if (!PREFIX.test(length)) return null;
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8; a shorter prefix would reach beyond IPv4.
  const prefix = Number(length) - (address.family === 4 && host.includes(":") ? 96 : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix } : null;
}

/** Whether `address` is in `network`. An IPv6 network never holds an IPv4 address: `::/0` does not trust the IPv4 world. */
export function inNetwork(network: Network, address: Address): boolean {
  if (network.address.family !== address.family) return false;
  const whole = network.prefix >> 3;
  for (let i = 0; i < whole; i += 1) if (network.address.bytes[i] !== address.bytes[i]) return false;
  const rest = network.prefix & 7;
  return rest === 0 || ((network.address.bytes[whole]! ^ address.bytes[whole]!) & (0xff00 >> rest) & 0xff) === 0;
}

/** Read when they are first asked for: all of these lists together would take 0.4 ms of every start. */
function networks(...texts: readonly string[]): () => readonly Network[] {
  let read: readonly Network[] | null = null;
  return () => {
    read ??= texts.map((text) => parseNetwork(text)!);
    return read;
  };
}

const LOOPBACK = networks("127.0.0.0/8", "::1");
const UNSPECIFIED = networks("0.0.0.0", "::");
/** RFC 1918, RFC 6598 (carriers' shared space), RFC 3927, RFC 4193, RFC 4291 §2.5.6. */
const PRIVATE = networks(
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
);

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: Address): boolean {
  return LOOPBACK().some((network) => inNetwork(network, address));
}

/** 0.0.0.0 and ::, which mean every interface to who binds and this machine to who connects. */
export function isUnspecified(address: Address): boolean {
  return UNSPECIFIED().some((network) => inNetwork(network, address));
}

/** Loopback, or an address of a local network that the public Internet does not route to. */
export function isPrivate(address: Address): boolean {
  return isLoopback(address) || PRIVATE().some((network) => inNetwork(network, address));
}

/** The IANA special-purpose registry (RFC 6890) beyond networks of one's own, multicast, and what is reserved. */
const SPECIAL_V4 = networks(
  "0.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
);
const GLOBAL_V6 = networks("2000::/3");
const UNIQUE_LOCAL = networks("fc00::/7");
/** Inside 2000::/3: protocol assignments with Teredo, documentation (RFC 3849, RFC 9637), 6to4. */
const SPECIAL_V6 = networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");
/** RFC 6052: the last 32 bits are the IPv4 address that a translator connects to. */
const NAT64 = networks("64:ff9b::/96");
/** Where clouds hand out credentials, outside link-local: Azure, Alibaba, Amazon, Google, Oracle. */
const METADATA = networks("168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe");

/**
 * Who answers at an address that is connected to. `public`: the Internet. `private`: this machine or a network of one's own
 * (loopback, RFC 1918, RFC 6598, RFC 4193). `special`: nobody who should get a request: unspecified, link-local (where clouds
 * keep their metadata), multicast, reserved, for documentation, and IPv6 forms that hide an IPv4 address, except NAT64 of
 * a public one.
 */
export function addressScope(address: Address): "public" | "private" | "special" {
  const within = (list: () => readonly Network[]) => list().some((network) => inNetwork(network, address));
  if (within(METADATA)) return "special";
  if (address.family === 4) return within(SPECIAL_V4) ? "special" : isPrivate(address) ? "private" : "public";
  if (within(NAT64))
    return addressScope({ family: 4, bytes: address.bytes.slice(12) }) === "public" ? "public" : "special";
  if (within(GLOBAL_V6)) return within(SPECIAL_V6) ? "special" : "public";
  return isLoopback(address) || within(UNIQUE_LOCAL) ? "private" : "special";
}

function parseV4(text: string): Address | null {
  const value = v4Number(text);
  return value < 0 ? null : { family: 4, bytes: v4Bytes(value) };
}

function v4Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Dotted decimal as a number from 0 to 2^32 - 1, or -1. Allocates nothing: it runs for every request. */
function v4Number(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let value = 0;
  let parts = 0;
  let part = -1; // -1: no digit yet
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x2e) {
      if (part < 0) return -1;
      value = value * 256 + part;
      parts += 1;
      part = -1;
    } else {
      if (c < 0x30 || c > 0x39 || part === 0) return -1;
      part = part < 0 ? c - 0x30 : part * 10 + c - 0x30;
      if (part > 255) return -1;
    }
  }
  return parts === 3 && part >= 0 ? value * 256 + part : -1;
}

/** RFC 4291 §2.2: eight groups, `::` once for a run of zero groups, the last two perhaps as dotted IPv4. */
function parseV6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (!head || !tail) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const bytes = new Uint8Array(16);
  for (const [i, group] of [...head, ...new Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group;
  }
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** The 16-bit groups of one side of a `::`; only the address's last part (`end`) may be dotted. */
function groupsOf(text: string, end: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const v4 = end && i === parts.length - 1 ? v4Number(part) : -1;
    if (v4 < 0) return null;
    groups.push(v4 >>> 16, v4 & 0xffff);
  }
  return groups;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i + 1 - length, length };
  }
  return best;
}
