import { openaiError } from "../api/openai/errors.ts";
import { type Answer, problemAnswer } from "../http/answer.ts";
import type { Deadlines } from "../http/deadlines.ts";
import { corsHeaders, preflightHeaders, SECURITY_HEADERS } from "../http/headers.ts";
import type { Budgets } from "../http/held-body.ts";
import { Router } from "../http/router.ts";
import { parseTarget } from "../http/target.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Lru } from "../lib/lru.ts";
import { rateLimitField } from "../limits/rate-limit-headers.ts";
import { Flood } from "../observe/flood.ts";
import type { Log } from "../observe/log.ts";
import { Problem, type ProblemCode } from "../protocol/problem.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import { toProblem } from "./problems.ts";
import type { Route } from "./route.ts";
import type { Traffic } from "./traffic.ts";
import { type RequestServer, type Standing, Visit } from "./visit.ts";

/** Takes over a request for `/ws`: null when it has become a socket. @throws Problem when it may not */
export type Upgrade = (visit: Visit) => Answer | null;

export interface PipelineParts {
  readonly routes: readonly Route[];
  readonly gatekeeper: Gatekeeper;
  /** The RateLimit-Policy field of each policy. */
  readonly policies: Readonly<Record<Standing["policy"], string>>;
  readonly deadlines: Deadlines;
  readonly budgets: Budgets;
  readonly proven: Lru<string, true>;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when requests may be served: the port is open a moment before that. Null from then on. */
  readonly ready: () => Promise<void> | null;
}

/** Every request, from the first byte to the last header. The order of its steps is in docs/architecture.md. */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #router: Router<Route>;
  readonly #localRouter: Router<Route>;
  readonly #flood: Flood;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#flood = new Flood({ limit: REFUSED_LINES, clock: parts.clock, log: parts.log });
    this.#router = new Router(parts.routes.filter(({ auth }) => auth !== "local"));
    this.#localRouter = new Router(parts.routes);
  }

  /** `upgrade` is null on the Unix socket, whose user is this machine's. Undefined when the request has become a WebSocket. */
  async handle(request: Request, server: RequestServer, upgrade: Upgrade | null): Promise<Response | undefined> {
    const { clock, ready } = this.#parts;
    const visit = new Visit(request, server, newId(clock.now()), clock.monotonic());
    const wait = ready();
    if (wait !== null) await wait;
    let answer: Answer | null;
    try {
      answer = await this.#serve(visit, upgrade);
    } catch (error) {
      answer = this.#refuse(visit, error);
    }
    if (answer?.body instanceof ReadableStream === false) visit.letGo();
    this.#record(visit, answer?.status ?? 101, upgrade === null);
    return answer ? this.#respond(visit, answer) : undefined;
  }

  #serve(visit: Visit, upgrade: Upgrade | null): Answer | null | Promise<Answer | null> {
    const { gatekeeper } = this.#parts;
    const { method, url } = visit.request;
    const target = parseTarget(url);
    if (!target)
      throw new Problem("bad_request", { detail: "The request names no usable host. Send a valid Host header." });
    visit.goTo(target);
    const match = (upgrade === null ? this.#localRouter : this.#router).match(method, target.path);
    const route = match.found === "route" ? match.route : null;
    visit.route = route;
    gatekeeper.admit(visit, route, upgrade === null);
    refuseSecretIn(target.query);
    if (match.found === "nothing")
      throw new Problem("not_found", { detail: `There is nothing at ${method} ${shown(target.path)}.` });
    if (match.found === "other_method") return otherMethod(visit, match.methods);
    gatekeeper.authorize(visit.principal, match.route);
    visit.params = match.params;
    const { handler } = match.route;
    if (handler === "websocket") {
      if (!upgrade) throw new Problem("not_found", { detail: "The Unix socket speaks HTTP only." });
      return upgrade(visit);
    }
    visit.intake = this.#parts;
    return handler(visit);
  }

  #refuse(visit: Visit, error: unknown): Answer {
    const problem = toProblem(error);
    if (problem.status >= 500 && !EXPECTED.has(problem.code)) {
      const { request_id, route } = visit;
      const cause = String(
        problem.code === "internal" && error instanceof Error ? error.stack : (problem.cause ?? problem.message),
      );
      this.#parts.log.error("A request failed", { request_id, route: route?.path, code: problem.code, error: cause });
    }
    return /^\/v1(?:\/|$)/.test(visit.path)
      ? openaiError(problem, visit.request_id)
      : problemAnswer(problem, visit.request_id);
  }

  #respond(visit: Visit, answer: Answer): Response {
    // Copying headers that were made once takes 0.5 µs, making them of an object 1.1.
    const response = new Response(answer.body, { status: answer.status, headers: BASE_HEADERS });
    const { headers } = response;
    headers.set("X-Request-Id", visit.request_id);
    if (answer.type !== undefined) headers.set("Content-Type", answer.type);
    if (visit.standing) {
      headers.set("RateLimit-Policy", this.#parts.policies[visit.standing.policy]);
      headers.set("RateLimit", rateLimitField(visit.standing.policy, visit.standing));
    }
    if (visit.cors !== null) setAll(headers, corsHeaders(visit.cors));
    if (answer.headers) setAll(headers, answer.headers);
    return response;
  }

  #record(visit: Visit, status: number, local: boolean): void {
    const { clock, log, traffic } = this.#parts;
    const ms = clock.monotonic() - visit.began;
    const route = visit.route?.path ?? "(none)";
    if (!local) traffic.request(route, status, ms);
    if (!log.takes(local ? "debug" : "info") || (status === 429 && !this.#flood.allows())) return;
    const { method } = visit.request;
    const { request_id, client, principal } = visit;
    const fields = {
      request_id,
      client,
      device: principal?.device_id,
      method,
      route,
      status,
      ms: Math.round(ms * 100) / 100,
    };
    if (local) log.debug("request", fields);
    else log.info("request", fields);
  }
}

/** Lines a second about clients that ask too often. */
const REFUSED_LINES = 20;

/** Refusals with a status of the server's that no fault is behind. */
const EXPECTED: ReadonlySet<ProblemCode> = new Set([
  "channel_off",
  "overloaded",
  "shutting_down",
  "agent_failed",
  "agent_timeout",
  "agent_unavailable",
]);

/** A whole token anywhere, or a code where one would be looked for. */
const SECRET_IN_QUERY = /zc_[0-9a-f]{64}|(?:^|&)(?:pairing_)?(?:code|token)=[a-z]{4}-?\d{4}-?[a-z]{4}(?:&|$)/i;

function refuseSecretIn(query: string): void {
  if (query === "" || !SECRET_IN_QUERY.test(query)) return;
  throw new Problem("token_in_url", {
    detail:
      "The URL has a token or a pairing code in it, and URLs are kept in logs and histories. Revoke it, and send the next one as Authorization: Bearer <token>, as the WebSocket subprotocol bearer.<token>, or in the body.",
  });
}

const BASE_HEADERS = new Headers(SECURITY_HEADERS);

function setAll(headers: Headers, more: Readonly<Record<string, string>>): void {
  for (const name in more) headers.set(name, more[name]!); // a record's own names
}

function otherMethod(visit: Visit, methods: readonly string[]): Answer {
  const allow = methods.join(", ");
  if (visit.request.method !== "OPTIONS") {
    throw new Problem("method_not_allowed", {
      detail: `${shown(visit.path)} takes ${allow}, not ${visit.request.method}.`,
      headers: { Allow: allow },
    });
  }
  return {
    status: 204,
    body: null,
    headers: { Allow: allow, ...(visit.cors === null ? {} : preflightHeaders(methods)) },
  };
}

/** What follows a source's name may be its secret: not even who sent it is shown it again. */
function shown(path: string): string {
  const source = /^\/webhook\/[^/]+\//.exec(path);
  if (source) return `${source[0]}…`;
  return path.length > 100 ? `${path.slice(0, 100)}…` : path;
}
