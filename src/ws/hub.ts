import type { Timer } from "../lib/clock.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { Board } from "./board.ts";
import { Connection, type ConnectionHub } from "./connection.ts";
import { MessageIds } from "./message-ids.ts";
import type { HubParts } from "./parts.ts";
import { CLOSE, type SocketLike } from "./socket.ts";

export const PING_EVERY_MS = 25_000;
export const MAX_STRANGERS = 1_000;
export const MAX_STRANGERS_PER_CLIENT = 20;

/** What travels with a socket from the upgrade to its end; Bun keeps it as `ws.data`. */
export interface SocketData {
  /** The address as it is counted: IPv4, or the /64 of IPv6. */
  readonly client: string;
  /** Whose token came with the upgrade; null when none did. */
  readonly principal: Principal | null;
  /** Null before `open`. */
  connection: Connection | null;
}

export type Admission =
  | { readonly ok: true; readonly data: SocketData }
  | { readonly ok: false; readonly problem: Problem };

/** All open sockets: who may come in, who is who, who has to go. */
export class SocketHub implements ConnectionHub {
  readonly parts: HubParts;
  readonly board: Board;
  readonly ids = new MessageIds();
  readonly #connections = new Set<Connection>();
  readonly #devices = new Map<string, Set<Connection>>();
  /** Sockets that are nobody's yet, by address. */
  readonly #strangers = new Map<string, number>();
  readonly #beat: Timer;
  #unauthenticated = 0;
  #draining = false;

  constructor(parts: HubParts) {
    this.parts = parts;
    this.board = new Board(parts.feed);
    // Bun's own pings come at 20 to 28 s and only on sockets that are silent both ways, so a reader that has died in the
    // middle of an answer would be found by none.
    this.#beat = parts.clock.every(PING_EVERY_MS, () => {
      for (const connection of [...this.#connections]) connection.beat();
    });
  }

  /** Open sockets. */
  get sockets(): number {
    return this.#connections.size;
  }

  /** Those of them that have not authenticated. */
  get unauthenticated(): number {
    return this.#unauthenticated;
  }

  /**
   * Whether a socket may be opened. Asked right before the upgrade; the socket counts from `open` on, which Bun calls
   * during the upgrade.
   */
  admit(client: string, principal: Principal | null): Admission {
    if (this.#draining) return { ok: false, problem: new Problem("shutting_down", { retryAfter: 5 }) };
    if (principal === null && this.#full(client)) return { ok: false, problem: tooMany() };
    return { ok: true, data: { client, principal, connection: null } };
  }

  open(data: SocketData, socket: SocketLike): void {
    const { client, principal } = data;
    if (this.#draining) {
      socket.close(CLOSE.shutdown.code, CLOSE.shutdown.reason);
      return;
    }
    this.#unauthenticated += 1;
    this.#strangers.set(client, (this.#strangers.get(client) ?? 0) + 1);
    data.connection = new Connection(this, socket, client, principal);
    this.#connections.add(data.connection);
  }

  message(data: SocketData, raw: string | Uint8Array): void {
    data.connection?.receive(raw);
  }

  drain(data: SocketData): void {
    data.connection?.drained();
  }

  /** A ping or a pong came. */
  heard(data: SocketData): void {
    data.connection?.heard();
  }

  close(data: SocketData): void {
    data.connection?.left();
  }

  /** Closes a device's sockets at once: it was revoked, or its token has expired. */
  closeDevice(device_id: string): void {
    for (const connection of [...(this.#devices.get(device_id) ?? [])]) connection.end(CLOSE.revoked);
  }

  /** Closes all sockets and lets no new ones in: the gateway is stopping. */
  closeAll(): void {
    this.#draining = true;
    this.#beat.cancel();
    for (const connection of [...this.#connections]) connection.end(CLOSE.shutdown);
  }

  joined(connection: Connection, { device_id }: Principal): void {
    this.#forgetStranger(connection.client);
    const own = this.#devices.get(device_id);
    if (own) own.add(connection);
    else this.#devices.set(device_id, new Set([connection]));
  }

  left(connection: Connection): void {
    this.#connections.delete(connection);
    const { principal, client } = connection;
    if (principal) this.#forgetOwn(connection, principal);
    else this.#forgetStranger(client);
  }

  #full(client: string): boolean {
    return this.#unauthenticated >= MAX_STRANGERS || (this.#strangers.get(client) ?? 0) >= MAX_STRANGERS_PER_CLIENT;
  }

  #forgetOwn(connection: Connection, { device_id }: Principal): void {
    const own = this.#devices.get(device_id);
    own?.delete(connection);
    if (own?.size === 0) this.#devices.delete(device_id);
  }

  #forgetStranger(client: string): void {
    this.#unauthenticated -= 1;
    const left = (this.#strangers.get(client) ?? 0) - 1;
    if (left > 0) this.#strangers.set(client, left);
    else this.#strangers.delete(client);
  }
}

function tooMany(): Problem {
  return new Problem("too_many_sockets", {
    detail: "Too many sockets are open that have not authenticated. Authenticate on one of them, or wait 10 s.",
    retryAfter: 10,
  });
}
