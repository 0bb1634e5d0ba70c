import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/settings.ts";
import { browserRules } from "../../src/gateway/browser-rules.ts";

function rules(gateway: Partial<Config["gateway"]>) {
  const base = { public_url: "", allowed_origins: [], allowed_hosts: [] };
  return browserRules({ ...base, ...gateway } as Config["gateway"]); // only these three are looked at
}

describe("browserRules", () => {
  test("allow nothing unless asked to", () => {
    expect(rules({})).toEqual({ allowedOrigins: new Set(), allowedHosts: new Set(), publicOrigin: null });
  });

  test("take an origin as a browser writes it: lower case, without a default port or a slash", () => {
    const { allowedOrigins } = rules({ allowed_origins: ["HTTPS://App.Example:443/", "http://h:3000"] });
    expect(allowedOrigins).toEqual(new Set(["https://app.example", "http://h:3000"]));
  });

  test("take hosts without their ports, and the public one among them", () => {
    const { allowedHosts, publicOrigin } = rules({
      public_url: "https://Gateway.Example:8443/zeroclaw/",
      allowed_hosts: ["Gw.Lan:8585", "[fe80::1]:80"],
    });
    expect(allowedHosts).toEqual(new Set(["gw.lan", "[fe80::1]", "gateway.example"]));
    expect(publicOrigin).toBe("https://gateway.example:8443");
  });
});
