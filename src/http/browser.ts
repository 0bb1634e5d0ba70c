import { Problem } from "../protocol/problem.ts";

export interface BrowserRules {
  /** Origins of other sites' pages that may use the API, as `scheme://host[:port]`. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Host names, without port, that the gateway answers to besides localhost and IP literals. */
  readonly allowedHosts: ReadonlySet<string>;
  /** The origin of `gateway.public_url`; null when it is not set. */
  readonly publicOrigin: string | null;
}

export interface BrowserRequest {
  readonly method: string;
  readonly path: string;
  readonly origin: string | null;
  /** `Host`, or `X-Forwarded-Host` from a trusted proxy. */
  readonly host: string | null;
  readonly fetchSite: string | null;
  readonly fetchMode: string | null;
  readonly hasToken: boolean;
}

/** The origin that gets CORS headers; null when none is due. */
export type CorsOrigin = string | null;

/**
 * Refuses what a web page may not do. Only browsers send `Origin` or `Sec-Fetch-Site`, and no page can forge them; other
 * `Sec-Fetch-*` prove nothing, since Node sends them too. Loopback is no excuse: pages reach it as well.
 * @throws Problem forbidden_origin, misdirected_host
 */
export function checkBrowser(request: BrowserRequest, rules: BrowserRules): CorsOrigin {
  const { origin } = request;
  if (origin !== null || (!request.hasToken && isRead(request.method) && !openPath(request.path)))
    checkHost(request, rules);
  if (origin === null) {
    checkSite(request);
    return null;
  }
  const normal = normalOrigin(origin);
  if (normal !== null && rules.allowedOrigins.has(normal)) return origin;
  if (normal !== null && (normal === rules.publicOrigin || sameHost(normal, request.host))) return null;
  throw new Problem("forbidden_origin", {
    detail: `Pages of the origin "${cut(origin)}" may not use this gateway. If they should, add it to gateway.allowed_origins in config.toml.`,
  });
}

/** `scheme://host[:port]` in lower case without a default port; null when it is no origin. */
export function normalOrigin(text: string): string | null {
  const url = URL.parse(text);
  return url && url.origin !== "null" && text.toLowerCase().startsWith(`${url.protocol}//`) ? url.origin : null;
}

/** A `Host` header's name without its port, in lower case; IPv6 literals keep their brackets. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

function checkHost(request: BrowserRequest, rules: BrowserRules): void {
  // A page whose name was rebound to our address has its own name in Host: that is how it is told from ours.
  const name = request.host === null ? "" : hostName(request.host);
  if (name === "localhost" || name.endsWith(".localhost") || isIpLiteral(name) || rules.allowedHosts.has(name)) return;
  throw new Problem("misdirected_host", {
    detail: `This gateway does not answer to the host name "${cut(name)}". If it should, add it to gateway.allowed_hosts (or set gateway.public_url) in config.toml.`,
  });
}

function checkSite({ fetchSite, fetchMode, method, path }: BrowserRequest): void {
  if (fetchSite === null || fetchSite === "same-origin" || fetchSite === "none") return;
  if (path === "/" && isRead(method) && fetchMode === "navigate") return; // somebody followed a link to the console
  throw new Problem("forbidden_origin", {
    detail:
      "A page of another site made this request. Only pages of the gateway itself, or of gateway.allowed_origins, may.",
  });
}

/** Origin against Host with any scheme: behind a TLS proxy the page is https and we are not. */
function sameHost(origin: string, host: string | null): boolean {
  if (host === null) return false;
  const scheme = origin.slice(0, origin.indexOf("://"));
  return normalOrigin(`${scheme}://${host}`) === origin;
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Health checks and providers' verification requests come with whatever name they know us by. */
function openPath(path: string): boolean {
  return path === "/health" || path === "/github" || path === "/whatsapp" || path.startsWith("/webhook/");
}

function isIpLiteral(name: string): boolean {
  return name.startsWith("[") ? /^\[[0-9a-f:.]+\]$/.test(name) : /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

function cut(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}
