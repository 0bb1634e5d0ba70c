import type { Context } from "../api/context.ts";
import { readBody } from "../http/body.ts";
import { type BodyLimits, type HeldBody, holdBody } from "../http/held-body.ts";
import type { Target } from "../http/target.ts";
import type { Lru } from "../lib/lru.ts";
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
export interface Intake extends Omit<BodyLimits, "maxBytes" | "client" | "proven"> {
  /** Addresses from which something genuine came lately. */
  readonly proven: Lru<string, true>;
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
  intake: Intake | null = null;
  /** Counts the request in the window of its address, which has proved nothing. Returns the whole seconds to wait. */
  stranger: () => number = () => 0;
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
    const maxBytes = this.route?.maxBody ?? 0;
    if (maxBytes === 0) throw new Error(`The route ${this.route?.path} reads a body but allows none`);
    return readBody(this.request, this.#limits(maxBytes));
  }

  hold(seconds: number): void {
    this.held = true;
    this.server.timeout(this.request, seconds === 0 ? 0 : Math.min(255, Math.ceil(seconds)));
  }

  heldBody(maxBytes: number, see: (bytes: Uint8Array) => void): Promise<HeldBody> {
    return holdBody(this.request, this.#limits(maxBytes), see);
  }

  proved(): void {
    this.intake?.proven.set(this.client, true);
  }

  countStranger(): { readonly retryAfter: number } {
    return { retryAfter: this.stranger() };
  }

  #limits(maxBytes: number): BodyLimits {
    const { intake, client } = this;
    if (!intake) throw new Error(`The route ${this.route?.path} is asked for a body before it is matched`);
    const { deadlines, budgets, clock, proven } = intake;
    const who = this.principal?.device_id ?? client;
    return { maxBytes, deadlines, budgets, clock, client: who, proven: who !== client || proven.get(client) === true };
  }

  /** Bun keeps a request's timeout for the connection's next one, so it is set back before the answer leaves. */
  letGo(): void {
    if (this.held) this.server.timeout(this.request, IDLE_SECONDS);
  }
}
