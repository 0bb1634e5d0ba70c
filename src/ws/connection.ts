import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { onAuth } from "./auth.ts";
import type { Board } from "./board.ts";
import { onCancel } from "./cancel.ts";
import { type ClientFrame, parseFrame } from "./frames.ts";
import { onMessage } from "./message.ts";
import type { MessageIds } from "./message-ids.ts";
import { Outbox } from "./outbox.ts";
import { onPair } from "./pair.ts";
import type { HubParts } from "./parts.ts";
import { onPermission, PermissionDesk } from "./permission.ts";
import { FinalProblem, toProblem } from "./refusal.ts";
import { type Reply, withId } from "./replies.ts";
import { onResume } from "./resume.ts";
import { SessionReaders } from "./session-readers.ts";
import { CLOSE, type CloseReason, type SocketLike } from "./socket.ts";
import { Topics } from "./topic-list.ts";
import { onSubscribe, onUnsubscribe } from "./topics.ts";
import { Turns } from "./turns.ts";

export const AUTHENTICATE_WITHIN_MS = 10_000;
/** Frames that a socket may send before it has authenticated. */
export const MAX_STRANGER_FRAMES = 10;
/** Refusals of the rate limit without an accepted message between them. */
export const MAX_REFUSALS = 10;

/** What a connection needs of its hub. */
export interface ConnectionHub {
  readonly parts: HubParts;
  readonly board: Board;
  readonly ids: MessageIds;
  /** The connection belongs to a device now. */
  joined(connection: Connection, principal: Principal): void;
  /** The connection is over. Called once. */
  left(connection: Connection): void;
}

/** A message that has come but has not become a run yet. */
export interface Ticket {
  readonly id: string;
  cancelled: boolean;
}

/** One socket: who it is, the order of its frames, and everything that has to be let go when it closes. */
export class Connection {
  readonly hub: ConnectionHub;
  readonly parts: HubParts;
  /** The address as it is counted. */
  readonly client: string;
  readonly sessions: SessionReaders;
  readonly topics: Topics;
  readonly permissions: PermissionDesk;
  readonly tickets = new Set<Ticket>();
  readonly #socket: SocketLike;
  readonly #outbox: Outbox;
  readonly #turns = new Turns();
  readonly #deadline: { cancel(): void };
  #principal: Principal | null = null;
  #strangerFrames = 0;
  #refusals = 0;
  #heard = true;
  #buffered = 0;
  #closed = false;

  constructor(hub: ConnectionHub, socket: SocketLike, client: string, principal: Principal | null) {
    this.hub = hub;
    this.parts = hub.parts;
    this.client = client;
    this.#socket = socket;
    this.#outbox = new Outbox(socket, () => this.end(CLOSE.too_slow));
    this.sessions = new SessionReaders(hub.parts, this.#outbox, {
      removed: (session_id) => this.topics.removed(session_id),
      idOf: (run_id) => (this.principal ? hub.ids.idOf(this.principal.device_id, run_id) : undefined),
    });
    this.topics = new Topics(this);
    this.permissions = new PermissionDesk(this);
    this.#deadline = hub.parts.clock.after(AUTHENTICATE_WITHIN_MS, () => this.#timeUp());
    if (principal) this.become(principal);
  }

  get principal(): Principal | null {
    return this.#principal;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The socket belongs to a device from now on. */
  become(principal: Principal): void {
    if (this.#closed) return;
    this.#principal = principal;
    this.#deadline.cancel();
    this.hub.joined(this, principal);
  }

  /** Whose socket it is. @throws Problem unauthorized */
  authenticated(): Principal {
    if (this.#principal) return this.#principal;
    throw new Problem("unauthorized", {
      detail: 'Authenticate first: send {"type": "auth", "token": "…"}, or a message with its "token".',
    });
  }

  /** Takes a frame as it came. Never throws. */
  receive(raw: string | Uint8Array): void {
    if (this.#closed) return;
    this.#heard = true;
    const parsed = parseFrame(raw);
    if (!parsed.ok) this.#inTurn(parsed.id, () => this.#refuse(parsed.problem, parsed.id));
    // A client that wants out of something must not wait behind it.
    else if (parsed.frame.type === "ping" || parsed.frame.type === "cancel") void this.#serve(parsed.frame, null);
    else this.#receive(parsed.frame);
  }

  send(reply: Reply, id?: string): void {
    this.sendText(withId(JSON.stringify(reply), id));
  }

  sendText(json: string): void {
    this.#outbox.send(json);
  }

  /** What the rate limit said of a message. @throws Problem rate_limited, the tenth time in a row for good */
  limited(waitSeconds: number): void {
    if (waitSeconds <= 0) {
      this.#refusals = 0;
      return;
    }
    this.#refusals += 1;
    const detail = `This device has used up its requests for now. Wait ${waitSeconds} s.`;
    const options = { detail, retryAfter: waitSeconds };
    if (this.#refusals < MAX_REFUSALS) throw new Problem("rate_limited", options);
    throw new FinalProblem("rate_limited", CLOSE.rate_limited, options);
  }

  /** The reader has taken something that was waiting. */
  drained(): void {
    this.#heard = true;
    this.#outbox.drained();
  }

  /** The peer has answered a ping, or sent one. */
  heard(): void {
    this.#heard = true;
  }

  /** Called every 25 s: pings, and lets go of whoever has not been heard since the last time or may not stay. */
  beat(): void {
    if (!this.#current()) return;
    const buffered = this.#socket.bufferedAmount();
    const alive = this.#heard || buffered < this.#buffered; // a slow reader's pong is behind what it still has to read
    this.#heard = false;
    this.#buffered = buffered;
    if (alive) {
      this.#socket.ping();
    } else {
      this.left();
      this.#socket.terminate();
    }
  }

  end({ code, reason }: CloseReason): void {
    if (this.#closed) return;
    this.left();
    this.#socket.close(code, reason);
  }

  /** Lets go of everything; the runs it started go on. */
  left(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline.cancel();
    this.#turns.clear();
    this.#outbox.close();
    this.tickets.clear();
    this.sessions.stop();
    this.topics.stop();
    this.permissions.stop();
    this.hub.left(this);
  }

  #receive(frame: ClientFrame): void {
    const ticket = frame.type === "message" && frame.id !== undefined ? { id: frame.id, cancelled: false } : null;
    if (ticket) this.tickets.add(ticket);
    this.#inTurn(frame.id, () => this.#serve(frame, ticket), ticket);
  }

  #inTurn(id: string | undefined, task: () => void | Promise<void>, ticket: Ticket | null = null): void {
    if (this.#turns.take(task)) return;
    if (ticket) this.tickets.delete(ticket);
    const detail = "Too many frames of this socket are waiting. Wait for answers before you send more.";
    this.#fail(new Problem("rate_limited", { detail, retryAfter: 1 }), id);
  }

  /** False, and the end of the socket, once its device was revoked or its token has expired. */
  #current(): boolean {
    if (!this.#principal || this.parts.isCurrent(this.#principal)) return true;
    this.end(CLOSE.revoked);
    return false;
  }

  /** Whether a frame may be looked at. */
  #admit(): boolean {
    if (this.#closed || !this.#current()) return false;
    if (this.#principal) return true;
    this.#strangerFrames += 1;
    if (this.#strangerFrames <= MAX_STRANGER_FRAMES) return true;
    const detail = `This socket has sent ${MAX_STRANGER_FRAMES} frames without authenticating.`;
    this.#fail(new FinalProblem("unauthorized", CLOSE.unauthorized, { detail }), undefined);
    return false;
  }

  #refuse(problem: Problem, id: string | undefined): void {
    if (this.#admit()) this.#fail(problem, id);
  }

  /** Answers one frame. Neither throws nor rejects. */
  #serve(frame: ClientFrame, ticket: Ticket | null): void | Promise<void> {
    const done = () => {
      if (ticket) this.tickets.delete(ticket);
    };
    try {
      const pending = this.#admit() ? this.#handle(frame, ticket) : undefined;
      if (pending instanceof Promise) {
        return pending.catch((error: unknown) => this.#fail(error, frame.id)).finally(done);
      }
    } catch (error) {
      this.#fail(error, frame.id);
    }
    done();
  }

  #handle(frame: ClientFrame, ticket: Ticket | null): void | Promise<void> {
    switch (frame.type) {
      case "message":
        return onMessage(this, frame, ticket);
      case "auth":
        return onAuth(this, frame);
      case "pair":
        return onPair(this, frame);
      case "resume":
        return onResume(this, frame);
      case "cancel":
        return onCancel(this, frame);
      case "subscribe":
        return onSubscribe(this, frame);
      case "unsubscribe":
        return onUnsubscribe(this, frame);
      case "permission":
        return onPermission(this, frame);
      case "ping":
        return this.send({ type: "pong" }, frame.id);
    }
  }

  #fail(error: unknown, id: string | undefined): void {
    if (this.#closed) return;
    const problem = toProblem(error, this.parts);
    const { code, message: detail, retryAfter } = problem;
    this.send({ type: "error", code, detail, ...(retryAfter === undefined ? {} : { retry_after: retryAfter }) }, id);
    if (problem instanceof FinalProblem) this.end(problem.close);
  }

  /** A frame that is being worked on may still authenticate the socket: a pairing code must not be spent for nothing. */
  #timeUp(): void {
    const close = () => {
      if (!this.#principal) this.end(CLOSE.auth_timeout);
    };
    if (!this.#turns.take(close)) close();
  }
}
