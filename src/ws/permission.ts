import type { PermissionDecision } from "../agent/agent.ts";
import { Problem } from "../protocol/problem.ts";
import { askedOf } from "../runs/asked.ts";
import type { PermissionListener, PermissionRequest } from "../runs/permissions.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";

/** `permission`: a person's answer to an agent's question. Whoever was asked is told of it. */
export async function onPermission(connection: Connection, frame: FrameOf<"permission">): Promise<void> {
  const { request_id, decision } = frame;
  const { permissions } = connection.parts;
  const principal = connection.authenticated();
  if (!connection.permissions.open) {
    throw new Problem("bad_request", {
      detail:
        'This socket is not asked for permissions. Send {"type": "auth", "token": "…", "permissions": true} first.',
    });
  }
  if ((await askedOf(connection.parts, principal, request_id, decision)) === null) throw notFound(request_id);
  connection.permissions.knows(request_id);
  if (!permissions.answer(request_id, decision)) throw notFound(request_id);
}

/** Asks the person behind one socket: an owner about every run, others about runs of their own sessions. */
export class PermissionDesk implements PermissionListener {
  readonly #connection: Connection;
  readonly #known = new Set<string>();
  #end: (() => void) | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get open(): boolean {
    return this.#end !== null;
  }

  /** Asks from now on, and what was asked while nobody answered. */
  start(): void {
    const { permissions } = this.#connection.parts;
    this.#end ??= permissions.subscribe(this);
    for (const request of permissions.pending()) this.asked(request);
  }

  stop(): void {
    this.#end?.();
    this.#end = null;
    this.#known.clear();
  }

  /** The socket is told how the question ends. */
  knows(request_id: string): void {
    this.#known.add(request_id);
  }

  asked(request: PermissionRequest): void {
    maySee(this.#connection, request)
      .then((seen) => {
        if (seen) this.#ask(request);
      })
      .catch((error: unknown) => {
        this.#connection.parts.log.warn("Cannot ask a socket for permission", {
          run_id: request.run_id,
          error: String(error),
        });
      });
  }

  settled({ request_id, run_id }: PermissionRequest, decision: PermissionDecision): void {
    if (!this.#known.delete(request_id)) return;
    this.#connection.send({ type: "permission", request_id, run_id, decision });
  }

  #ask(request: PermissionRequest): void {
    const { permissions } = this.#connection.parts;
    const pending = permissions.pending().some(({ request_id }) => request_id === request.request_id);
    if (!this.open || !pending) return;
    this.knows(request.request_id);
    const { request_id, run_id, session_id, title, options } = request;
    this.#connection.send({ type: "permission_request", request_id, run_id, session_id, title, options });
  }
}

async function maySee({ parts, principal }: Connection, { session_id }: PermissionRequest): Promise<boolean> {
  return principal !== null && parts.access.hears(principal, session_id);
}

function notFound(request_id: string): Problem {
  return new Problem("not_found", {
    detail: `Cannot find the permission request ${JSON.stringify(request_id)}: it was answered, is too old, or is not this token's to answer.`,
  });
}
