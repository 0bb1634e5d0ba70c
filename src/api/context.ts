import type { Answer } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import type { HeldBody } from "../http/held-body.ts";
import { checkShape } from "../protocol/check.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Shape, ShapeName } from "../protocol/shapes.ts";

/** One request as a handler sees it: who asks has been settled, how often and how much too. */
export interface Context {
  readonly request: Request;
  readonly request_id: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** The client's address as it is counted: IPv4, or the /64 of IPv6; `local` on the Unix socket. */
  readonly client: string;
  readonly principal: Principal | null;
  /** What follows the first `?`. */
  readonly queryText: string;
  /** The query's first value of `name`. */
  query(name: string): string | null;
  /** The body, within the route's limit. @throws Problem too_large, request_timeout, overloaded */
  body(): Promise<Uint8Array>;
  /**
   * The body of at most `maxBytes`, shown to `see` while it comes; its bytes count against everybody's until `release`.
   * @throws Problem as `body`
   */
  heldBody(maxBytes: number, see: (bytes: Uint8Array) => void): Promise<HeldBody>;
  /** Remembers that something genuine came from this address. */
  proved(): void;
  /** Counts the request in its address's window: for routes that count only those who could not prove themselves. */
  countStranger(): Standing;
  /** Keeps the connection open although nothing is sent for `seconds`; 0: for as long as it takes. */
  hold(seconds: number): void;
  /** Takes `hold` back: from now on silence closes the connection as it does any other. */
  letGo(): void;
}

export interface Standing {
  /** Whole seconds to wait; 0: there is room. */
  readonly retryAfter: number;
}

export type Handler = (context: Context) => Answer | Promise<Answer>;

/** The principal of a route that is never reached without one. */
export function principalOf(context: Context): Principal {
  if (!context.principal) throw new Error(`The route of ${context.path} has a handler that needs a principal`);
  return context.principal;
}

/** The JSON body as the shape `name`. @throws Problem bad_json, bad_field */
export async function bodyAs<N extends ShapeName>(context: Context, name: N): Promise<Shape<N>> {
  return valueAs(jsonOf(await context.body()), name);
}

export function valueAs<N extends ShapeName>(value: unknown, name: N): Shape<N> {
  const checked = checkShape(name, value);
  if (!checked.ok) throw new Problem("bad_field", { detail: `${checked.detail}.` });
  return checked.value;
}

/** A whole number from the query, within bounds. @throws Problem bad_field */
export function queryNumber(context: Context, name: string, fallback: number, min: number, max: number): number {
  const text = context.query(name);
  if (text === null || text === "") return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN; // Number alone takes 1e1, 0x10 and blanks
  if (value >= min && value <= max) return value;
  throw new Problem("bad_field", {
    detail: `"${name}" must be a whole number from ${min} to ${max} (found "${text.slice(0, 40)}").`,
  });
}

export function notFound(what: string): Problem {
  return new Problem("not_found", { detail: `${what} There is none with that id that this token may see.` });
}
