import { Lru } from "../lib/lru.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Reach } from "../protocol/run.ts";
import type { SessionStore, StoredSession } from "../store/store.ts";

/** Prefixes of session names that the gateway gives: `device:<id>`, `github:<repository>#<number>`, … */
const RESERVED = ["device", "webhook", "github", "whatsapp"] as const;

const CLAIMS = 10_000;

/** Which sessions a device may use: its own, the ones it made, and for owners all. */
export class SessionAccess {
  readonly #sessions: Pick<SessionStore, "get">;
  readonly #reserved: ReadonlySet<string>;
  /** New names on their way to the store, so that two devices cannot both find one free. */
  readonly #claims = new Lru<string, string>(CLAIMS);

  constructor(sessions: Pick<SessionStore, "get">, channels: readonly string[]) {
    this.#sessions = sessions;
    this.#reserved = new Set([...RESERVED, ...channels]);
  }

  /** The session a message goes to: the one named, else the device's own. @throws Problem forbidden_scope, bad_field */
  async forMessage(principal: Principal, wanted: string | undefined): Promise<string> {
    const own = ownSession(principal);
    if (wanted === undefined || wanted === own) return own;
    const session = await this.#sessions.get(wanted);
    if (!session) {
      this.#refuseReserved(wanted);
      const claimed = this.#claims.get(wanted);
      if (claimed !== undefined && claimed !== principal.device_id && principal.scope !== "owner")
        throw notYours(wanted);
      if (claimed === undefined) this.#claims.set(wanted, principal.device_id);
      return wanted;
    }
    if (!maySee(principal, session)) throw notYours(wanted);
    return wanted;
  }

  /** A session that is there and that the principal may see; null otherwise, so that nobody can probe for names. */
  async find(principal: Principal, session_id: string): Promise<StoredSession | null> {
    const session = await this.#sessions.get(session_id);
    return session && maySee(principal, session) ? session : null;
  }

  #refuseReserved(session_id: string): void {
    const prefix = session_id.slice(0, Math.max(0, session_id.indexOf(":")));
    if (!this.#reserved.has(prefix)) return;
    throw new Problem("bad_field", {
      detail: `The session name "${session_id}" is reserved: names that begin with "${prefix}:" are given by the gateway. Choose another.`,
    });
  }
}

/** The session of a device that names none. */
export function ownSession(principal: Principal): string {
  return `device:${principal.device_id}`;
}

export function reachOf(principal: Principal): Reach {
  if (principal.scope === "owner") return "owner";
  return principal.scope === "chat" ? "chat" : "channel";
}

function maySee(principal: Principal, session: StoredSession): boolean {
  return principal.scope === "owner" || (principal.scope === "chat" && session.device_id === principal.device_id);
}

function notYours(session_id: string): Problem {
  return new Problem("forbidden_scope", {
    detail: `The session "${session_id}" belongs to another device. Use a session of your own, or a token with the scope "owner".`,
  });
}
