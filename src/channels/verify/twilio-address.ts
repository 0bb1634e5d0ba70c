interface Parts {
  readonly scheme: string;
  readonly userInfo: string;
  readonly host: string;
  /** With its colon, or empty. */
  readonly port: string;
  /** From the path on. */
  readonly rest: string;
}

/**
 * The forms in which Twilio may have signed an address, as its own library tries them: with and without the port, escaped and
 * not. A request's URL has been normalised on its way here (`'` is `%27` in a query), so the unescaped form is among them.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
export function twilioAddresses(url: string): readonly string[] {
  const forms = new Set<string>();
  for (const form of [url, url.replaceAll("%27", "'"), normalised(url)]) {
    forms.add(withoutPort(form)).add(withPort(form));
  }
  const normal = normalised(url);
  return [...forms.add(legacyQuery(withoutPort(normal))).add(legacyQuery(withPort(normal)))];
}

/** The hash that Twilio puts into the address of a body that is no form; null if there is none. */
export function bodyHashIn(url: string): string | null {
  const start = url.indexOf("?");
  return start < 0 ? null : new URLSearchParams(url.slice(start)).get("bodySHA256");
}

function withoutPort(url: string): string {
  const parts = split(url);
  return parts ? parts.scheme + parts.userInfo + parts.host + parts.rest : url;
}

function withPort(url: string): string {
  const parts = split(url);
  if (parts?.port !== "") return url;
  const port = parts.scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return parts.scheme + parts.userInfo + parts.host + port + parts.rest;
}

/** By hand: `URL` would change what it does not have to. */
function split(url: string): Parts | null {
  const [prefix, scheme, authority] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i.exec(url) ?? [];
  if (prefix === undefined || scheme === undefined || authority === undefined) return null;
  const userInfoEnd = authority.lastIndexOf("@") + 1;
  const hostAndPort = authority.slice(userInfoEnd);
  const portStart = hostAndPort.indexOf(":", hostAndPort.lastIndexOf("]") + 1); // after an IPv6 literal's bracket
  return {
    scheme,
    userInfo: authority.slice(0, userInfoEnd),
    host: portStart < 0 ? hostAndPort : hostAndPort.slice(0, portStart),
    port: portStart < 0 ? "" : hostAndPort.slice(portStart),
    rest: url.slice(prefix.length),
  };
}

function normalised(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}

/** The query as Node's `querystring` writes it, which some of Twilio's back ends sign. */
function legacyQuery(url: string): string {
  const start = url.indexOf("?");
  if (start < 0 || start === url.length - 1) return url;
  const pairs = url.slice(start + 1).split("&");
  return `${url.slice(0, start)}?${pairs.map(recodePair).join("&")}`;
}

function recodePair(pair: string): string {
  const equals = pair.indexOf("=");
  if (equals < 0) return `${recode(pair)}=`;
  return `${recode(pair.slice(0, equals))}=${recode(pair.slice(equals + 1))}`;
}

function recode(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text.replaceAll("+", " ")));
  } catch {
    return text; // a lone % or broken UTF-8: no back end writes that
  }
}
