/** Headers whose values let somebody in; they are kept as a mark that they were there. */
const SECRET =
  /^(authorization|proxy-authorization|cookie|x-pairing-code|sec-websocket-protocol)$|token|secret|api-?key|password/;

/** The same by what a value looks like, under whatever name it comes. */
const SECRET_VALUE = /\b(?:bearer|basic|token)\s+\S{8}|zc_[0-9a-f]{64}|\bgh[a-z]_\w{20}/i;

const REDACTED = "[redacted]";

/**
 * A request's headers as they are stored with an event: names in lower case, secrets and those named in `more` redacted.
 * `inAddress` is the secret that came in the address: proxies repeat addresses in headers (X-Original-URI, X-Forwarded-Uri).
 */
export function keptHeaders(
  headers: Headers,
  more: readonly string[] = [],
  inAddress: string | null = null,
): Record<string, string> {
  const kept: Record<string, string> = {};
  // forEach takes half of what iterating does: no array for each pair.
  headers.forEach((value, name) => {
    const secret =
      SECRET.test(name) ||
      SECRET_VALUE.test(value) ||
      more.includes(name) ||
      (inAddress !== null && repeats(value, inAddress));
    kept[name] = secret ? REDACTED : value;
  });
  return kept;
}

/** Percent-encoded too, in whatever letter case: the proxy's encoding need not be the sender's. */
function repeats(value: string, secret: string): boolean {
  if (value.includes(secret)) return true;
  try {
    return decodeURIComponent(value).includes(secret);
  } catch {
    return value.includes("/webhook/"); // an address that cannot be read may have it all the same
  }
}
