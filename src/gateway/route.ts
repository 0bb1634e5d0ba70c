import type { Handler } from "../api/context.ts";

/**
 * Who may come in. `none`: a token is not looked at. `any`: without one too, but a wrong one is refused. A scope: a token
 * that covers it. `local`: the Unix socket only; elsewhere there is no such address.
 */
export type RouteAuth = "none" | "any" | "ingest" | "chat" | "owner" | "local";

/**
 * Which window counts it: none, the client's (its device's or its address's), or that of pairing. `source`: its address's,
 * but only if the delivery does not prove who sent it: providers send many from few addresses, and not all come back.
 */
export type RouteLimit = "none" | "client" | "pair" | "source";

/** One row of the route table. The pipeline applies the columns; the handler only does its work. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly auth: RouteAuth;
  readonly limit: RouteLimit;
  /** Largest body, in bytes; 0 where none is read. */
  readonly maxBody: number;
  /** Whether the tokens open it that an agent's process is given for its conversation. */
  readonly forAgents?: true;
  readonly handler: Handler | "websocket";
}
