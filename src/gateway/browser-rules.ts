import type { Config } from "../config/settings.ts";
import { type BrowserRules, hostName, normalOrigin } from "../http/browser.ts";

/** The browser rules that the configuration asks for. */
export function browserRules({ public_url, allowed_origins, allowed_hosts }: Config["gateway"]): BrowserRules {
  const publicOrigin = public_url === "" ? null : normalOrigin(public_url);
  const publicHost = publicOrigin === null ? [] : [hostName(new URL(publicOrigin).host)];
  return {
    allowedOrigins: new Set(allowed_origins.map((origin) => normalOrigin(origin) ?? origin)),
    allowedHosts: new Set([...allowed_hosts.map(hostName), ...publicHost]),
    publicOrigin,
  };
}
