import type { Context } from "../api/context.ts";
import { type BodyLimits, readBody } from "../http/body.ts";
import { type HeldBody, type HeldBodyLimits, holdBody } from "../http/held-body.ts";
import type { Target } from "../http/target.ts";
import type { Principal } from "../protocol/principal.ts";
import type { Route } from "./route.ts";

/** How one limiter stood after this request was counted: what the RateLimit fields say. */
export interface Standing {
  readonly policy: "default" | "reads" | "pair";
  readonly remaining: number;
  readonly resetMs: number;
}

/** Bun's server as far as a request needs it. */
export interface RequestServer {
  requestIP(request: Request): { readonly address: string } | null;
  timeout(request: Request, seconds: number): void;
}

/** What every body is read with. */
export type Intake = Omit<HeldBodyLimits, "maxBytes">;

/** An address's window: each returns the whole seconds to wait, 0 when there is room. */
export interface Strangers {
  count(): number;
  peek(): number;
}

/** Seconds of silence after which Bun closes a connection, unless a handler holds it open. */
export const IDLE_SECONDS = 30;

/** What the pipeline knows of one request; filled in from top to bottom. Handlers see it as their Context. */
export class Visit implements Context {
  readonly request: Request;
  readonly request_id: string;
  readonly server: RequestServer;
  readonly began: number;
  path = "";
  queryText = "";
  params: Readonly<Record<string, string>> = {};
  client = "local";
  principal: Principal | null = null;
  route: Route | null = null;
  standing: Standing | null = null;
  /** The origin that gets CORS headers. */
  cors: string | null = null;
  limits: BodyLimits | null = null;
  intake: Intake | null = null;
  /** What the gatekeeper knows of an address that has proved nothing yet. */
  strangers: Strangers = { count: () => 0, peek: () => 0 };
  held = false;

  constructor(request: Request, server: RequestServer, request_id: string, began: number) {
    this.request = request;
    this.server = server;
    this.request_id = request_id;
    this.began = began;
  }

  goTo({ path, query }: Target): void {
    this.path = path;
    this.queryText = query;
  }

  query(name: string): string | null {
    return this.queryText === "" ? null : new URLSearchParams(this.queryText).get(name);
  }

  body(): Promise<Uint8Array> {
    if (!this.limits) throw new Error(`The route ${this.route?.path} reads a body but allows none`);
    return readBody(this.request, this.limits);
  }

  hold(seconds: number): void {
    this.held = true;
    this.server.timeout(this.request, seconds === 0 ? 0 : Math.min(255, Math.ceil(seconds)));
  }

  heldBody(maxBytes: number, see: (bytes: Uint8Array) => void): Promise<HeldBody> {
    if (!this.intake) throw new Error(`The route ${this.route?.path} reads a body but has no intake`);
    return holdBody(this.request, { ...this.intake, maxBytes }, see);
  }

  countStranger(): { readonly retryAfter: number } {
    return { retryAfter: this.strangers.count() };
  }

  stranger(): { readonly retryAfter: number } {
    return { retryAfter: this.strangers.peek() };
  }

  /** Bun keeps a request's timeout for the connection's next one, so it is set back before the answer leaves. */
  letGo(): void {
    if (this.held) this.server.timeout(this.request, IDLE_SECONDS);
  }
}
