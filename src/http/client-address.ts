import { inNetwork, type Network, parseAddress } from "../lib/address.ts";

/** How many hops of `X-Forwarded-For` are looked at; more is an attack, not a route. */
const MAX_HOPS = 32;

export interface Peer {
  /** The client's address as text; what the socket said when nothing better can be believed. */
  readonly address: string;
  /** True when the socket's other end is one of `trusted_proxies`, whose forwarded headers are believed. */
  readonly viaProxy: boolean;
}

/**
 * Whom a request comes from. `X-Forwarded-For` is believed from trusted proxies only, and read from the right: each proxy
 * appends the address it saw, so the first one from the right that is no trusted proxy is the client. What stands further
 * left the client may have written itself.
 */
export function peerOf(socketAddress: string, forwardedFor: string | null, trusted: readonly Network[]): Peer {
  if (trusted.length === 0 || !isTrusted(socketAddress, trusted)) return { address: socketAddress, viaProxy: false };
  const hops = (forwardedFor ?? "").split(",").slice(-MAX_HOPS);
  for (let i = hops.length - 1; i >= 0; i -= 1) {
    const hop = hops[i]!.trim();
    if (!parseAddress(hop)) break; // unreadable, so nothing left of it can be believed
    if (!isTrusted(hop, trusted)) return { address: hop, viaProxy: true };
  }
  return { address: socketAddress, viaProxy: true };
}

function isTrusted(text: string, trusted: readonly Network[]): boolean {
  const address = parseAddress(text);
  return address !== null && trusted.some((network) => inNetwork(network, address));
}
