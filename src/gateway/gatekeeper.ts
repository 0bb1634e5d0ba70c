import { credentialOf, pairFirst, tokenOf } from "../auth/bearer.ts";
import type { Devices } from "../auth/devices.ts";
import type { Lockouts } from "../auth/lockouts.ts";
import { type BrowserRules, checkBrowser } from "../http/browser.ts";
import { peerOf } from "../http/client-address.ts";
import { clientKey, type Network } from "../lib/address.ts";
import type { Clock } from "../lib/clock.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import { secondsToWait } from "../limits/sliding-window.ts";
import type { Log } from "../observe/log.ts";
import { covers, LOCAL_PRINCIPAL, type Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Grants } from "./grants.ts";
import type { Route } from "./route.ts";
import type { Standing, Visit } from "./visit.ts";

export interface Limiters {
  /** Writes of devices, and everything of addresses. */
  readonly default: RateLimiter;
  /** Reads with a token. */
  readonly reads: RateLimiter;
  readonly pair: RateLimiter;
}

export interface GatekeeperParts {
  readonly devices: Devices;
  /** Tokens of agents' processes. */
  readonly grants: Pick<Grants, "authenticate">;
  readonly lockouts: Lockouts;
  readonly limiters: Limiters;
  /** `gateway.rate_limit.enabled`; pairing is limited all the same. */
  readonly limited: boolean;
  readonly browser: BrowserRules;
  readonly proxies: readonly Network[];
  /** The gateway's own address, for the commands in its messages: `http://127.0.0.1:8585`. */
  readonly origin: () => string;
  readonly clock: Clock;
  readonly log: Pick<Log, "warn">;
}

/** Settles who a request comes from and whether it may come in, in the order of contract §3. */
export class Gatekeeper {
  readonly #parts: GatekeeperParts;
  /** Said once: it is the configuration's fault, and stays. */
  #toldOfProxy = false;

  constructor(parts: GatekeeperParts) {
    this.#parts = parts;
  }

  /** Fills in client, principal, CORS and standing. @throws Problem for whoever may not come in */
  admit(visit: Visit, route: Route | null, local: boolean): void {
    if (local) {
      visit.principal = LOCAL_PRINCIPAL;
      return;
    }
    const { headers } = visit.request;
    const socketAddress = visit.server.requestIP(visit.request)?.address ?? "";
    const { proxies } = this.#parts;
    // Every look at a header costs, so those that decide nothing for this request are not asked for.
    const peer = peerOf(socketAddress, proxies.length === 0 ? null : headers.get("x-forwarded-for"), proxies);
    visit.client = clientKey(peer.address);
    const sent = tokenOf(headers);
    const checkBrowser = () => this.#checkBrowser(visit, peer.viaProxy, sent.kind !== "none");
    if (route?.limit === "none" || route?.limit === "source") {
      if (route.limit === "source") visit.stranger = () => this.#countStranger(visit, peer.viaProxy);
      checkBrowser();
      return;
    }
    if (visit.request.method === "OPTIONS" && route === null) {
      checkBrowser();
      if (visit.cors !== null) return; // a preflight carries no token, so it would use up its address's window
    }
    const looked = route?.auth !== "none";
    const principal = looked && sent.kind === "token" ? this.#principalOf(sent.token, route) : null;
    visit.principal = principal;
    if (looked && sent.kind === "token" && !principal) this.#countWrongToken(visit);
    if (principal?.session_id === undefined) this.#limit(visit, route); // the agent's own process works for whoever was counted
    checkBrowser();
    if (!looked) return;
    if (sent.kind === "code") throw pairFirst(sent.code, this.#parts.origin());
    if (sent.kind === "malformed") throw unauthorized(sent.detail);
    if (sent.kind === "token" && !principal) throw unauthorized(VOID_TOKEN);
    if (principal && principal.session_id === undefined) this.#parts.devices.touch(principal.device_id);
  }

  #principalOf(token: string, route: Route | null): Principal | null {
    const { devices, grants } = this.#parts;
    return devices.authenticate(token) ?? (route?.forAgents ? grants.authenticate(token) : null);
  }

  /** Whether the route's `auth` column lets the principal in. @throws Problem unauthorized, forbidden_scope, not_found */
  authorize(principal: Principal | null, route: Route): void {
    if (route.auth === "none" || route.auth === "any") return;
    if (route.auth === "local") {
      if (!principal?.local) throw new Problem("not_found");
      return;
    }
    if (!principal) throw unauthorized(NO_TOKEN);
    if (covers(principal.scope, route.auth)) return;
    throw new Problem("forbidden_scope", {
      detail: `This needs a token with the scope "${route.auth}"; this token's is "${principal.scope}". Pair again with a code of that scope: zeroclaw gateway get-paircode --new --scope ${route.auth}`,
    });
  }

  /** Whose token that is, for a socket; null when nobody's. @throws Problem pair_first when it is a pairing code */
  authenticate(token: string): Principal | null {
    const sent = credentialOf(token);
    if (sent.kind === "code") throw pairFirst(sent.code, this.#parts.origin());
    const principal = sent.kind === "token" ? this.#parts.devices.authenticate(sent.token) : null;
    if (principal) this.#parts.devices.touch(principal.device_id);
    return principal;
  }

  /** Counts one WebSocket message. Returns 0, or the seconds to wait. */
  allowMessage(principal: Principal): number {
    const { limiters, limited, clock } = this.#parts;
    if (!limited || principal.local) return 0;
    const remaining = limiters.default.hit(principal.device_id, true, clock.monotonic());
    return secondsToWait(remaining);
  }

  #checkBrowser(visit: Visit, viaProxy: boolean, hasToken: boolean): void {
    const { headers, method } = visit.request;
    const origin = headers.get("origin");
    const fetchSite = headers.get("sec-fetch-site");
    const hostMatters = origin !== null || !hasToken;
    const forwardedHost = viaProxy && hostMatters ? headers.get("x-forwarded-host") : null;
    const cors = checkBrowser(
      {
        method,
        path: visit.path,
        origin,
        host: forwardedHost ?? (hostMatters ? headers.get("host") : null),
        fetchSite,
        fetchMode: fetchSite === null ? null : headers.get("sec-fetch-mode"),
        hasToken,
      },
      this.#parts.browser,
    );
    visit.cors = cors;
  }

  /** Whole seconds to wait, 0 when there was room. */
  #countStranger({ client, request }: Visit, viaProxy: boolean): number {
    const { limiters, limited, clock, log } = this.#parts;
    if (!this.#toldOfProxy && !viaProxy && request.headers.has("x-forwarded-for")) {
      this.#toldOfProxy = true;
      log.warn(
        "A refused delivery came through a proxy that gateway.trusted_proxies does not name: everybody behind it counts as one client",
        { proxy: client },
      );
    }
    return limited ? secondsToWait(limiters.default.hit(client, false, clock.monotonic())) : 0;
  }

  #countWrongToken(visit: Visit): void {
    const retryAfter = this.#parts.lockouts.wrongToken(visit.client);
    if (retryAfter <= 0) return;
    throw new Problem("too_many_bad_tokens", {
      detail: `Too many wrong tokens came from this address. Wait ${retryAfter} s, then send a valid one.`,
      retryAfter,
    });
  }

  #limit(visit: Visit, route: Route | null): void {
    const { limiters, limited, clock } = this.#parts;
    const policy = policyOf(visit, route);
    if (!limited && policy !== "pair") return;
    const limiter = limiters[policy];
    const key = visit.principal?.device_id ?? visit.client;
    const now = clock.monotonic();
    const remaining = limiter.hit(key, visit.principal !== null, now);
    visit.standing = {
      policy,
      remaining: Math.max(0, remaining),
      resetMs: remaining < 0 ? -remaining : limiter.peek(key, now).resetMs,
    };
    if (remaining >= 0) return;
    const retryAfter = secondsToWait(remaining);
    throw new Problem("rate_limited", {
      detail: `This ${visit.principal ? "token" : "address"} has used up its requests for now. Wait ${retryAfter} s.`,
      retryAfter,
    });
  }
}

function policyOf(visit: Visit, route: Route | null): Standing["policy"] {
  if (route?.limit === "pair") return "pair";
  const { method } = visit.request;
  return visit.principal && (method === "GET" || method === "HEAD") ? "reads" : "default";
}

const NO_TOKEN = "A token is needed. Pair first with POST /pair, then send Authorization: Bearer <token>.";
const VOID_TOKEN = "The token is not valid here: it may have been revoked. Pair again with POST /pair.";

function unauthorized(detail: string): Problem {
  return new Problem("unauthorized", { detail, headers: { "WWW-Authenticate": 'Bearer realm="zeroclaw"' } });
}
