/** Headers whose values let somebody in; they are kept as a mark that they were there. */
const SECRET =
  /^(authorization|proxy-authorization|cookie|x-pairing-code|sec-websocket-protocol)$|token|secret|api-?key|password/;

const REDACTED = "[redacted]";

/** A request's headers as they are stored with an event: names in lower case, secrets and those named in `more` redacted. */
export function keptHeaders(headers: Headers, more: readonly string[] = []): Record<string, string> {
  const kept: Record<string, string> = {};
  // forEach takes half of what iterating does: no array for each pair.
  headers.forEach((value, name) => {
    kept[name] = SECRET.test(name) || more.includes(name) ? REDACTED : value;
  });
  return kept;
}
