import { Lru } from "../lib/lru.ts";
import type { Principal, Scope } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Reach } from "../protocol/run.ts";
import type { SessionStore, StoredSession } from "../store/store.ts";

/** First words of session names that the gateway gives: `device:<id>`, `github:<repository>#<number>`, `webhook`, … */
const RESERVED = ["device", "webhook", "github", "whatsapp"] as const;

const CLAIMS = 10_000;

/** A message's session, and what its run may draw on in whose name. */
export interface Place {
  readonly session_id: string;
  readonly device_id: string;
  readonly reach: Reach;
}

/** Which sessions a device may use: its own, the ones it made, and for owners all. */
export class SessionAccess {
  readonly #sessions: Pick<SessionStore, "get">;
  readonly #scopeOf: (device_id: string) => Scope | null;
  readonly #reserved: ReadonlySet<string>;
  /** New names on their way to the store, so that two devices cannot both find one free. */
  readonly #claims = new Lru<string, string>(CLAIMS);

  /** `scopeOf`: a device's scope; null when it is gone. */
  constructor(
    sessions: Pick<SessionStore, "get">,
    channels: readonly string[],
    scopeOf: (device_id: string) => Scope | null,
  ) {
    this.#sessions = sessions;
    this.#scopeOf = scopeOf;
    this.#reserved = new Set([...RESERVED, ...channels]);
  }

  /**
   * Where a message goes, and in whose name: the session named, else the device's own. What an owner says in another
   * device's session is answered with no more than that device may see, because that device reads the answer.
   * @throws Problem forbidden_scope, bad_field
   */
  async forMessage(principal: Principal, wanted: string | undefined): Promise<Place> {
    const own = ownSession(principal);
    if (wanted === undefined || wanted === own) return placeOf(principal, own);
    const session = await this.#sessions.get(wanted);
    if (!session) {
      this.#refuseReserved(wanted);
      const claimed = this.#claims.get(wanted);
      if (claimed === undefined) this.#claims.set(wanted, principal.device_id);
      return this.#placeAmong(principal, wanted, claimed ?? principal.device_id);
    }
    if (!this.#maySee(principal, session)) throw notYours(wanted);
    return this.#placeAmong(principal, wanted, session.device_id ?? principal.device_id);
  }

  #placeAmong(principal: Principal, session_id: string, device_id: string): Place {
    if (device_id === principal.device_id) return placeOf(principal, session_id);
    if (principal.scope !== "owner") throw notYours(session_id);
    return { session_id, device_id, reach: reachOfScope(this.#scopeOf(device_id)) };
  }

  /** A session that is there and that the principal may see; null otherwise, so that nobody can probe for names. */
  async find(principal: Principal, session_id: string): Promise<StoredSession | null> {
    const session = await this.#sessions.get(session_id);
    return session && this.#maySee(principal, session) ? session : null;
  }

  /** Whether what is asked and said in a session is the principal's to hear. */
  async hears(principal: Principal, session_id: string): Promise<boolean> {
    if (principal.scope === "owner") return true;
    if (principal.scope === "ingest") return false;
    return session_id === ownSession(principal) || (await this.find(principal, session_id)) !== null;
  }

  /** Whether strangers' text is in it: a channel's conversation, whose answers go out of this machine. */
  isStrangers(session_id: string): boolean {
    return sourceOf(session_id) !== "device" && this.#isReserved(session_id);
  }

  #refuseReserved(session_id: string): void {
    if (!this.#isReserved(session_id)) return;
    const source = sourceOf(session_id);
    throw new Problem("bad_field", {
      detail: `The session name "${session_id}" is reserved: "${source}", and names that begin with "${source}:", are given by the gateway. Choose another.`,
    });
  }

  /** A source's own session has its bare name, so that one is as reserved as those with a colon. */
  #isReserved(session_id: string): boolean {
    return this.#reserved.has(sourceOf(session_id));
  }

  /** What strangers sent is the owners' to see, whichever device brought it. */
  #maySee(principal: Principal, session: StoredSession): boolean {
    if (principal.scope === "owner") return true;
    if (session.device_id !== principal.device_id) return false;
    return session.session_id === ownSession(principal) || !this.#isReserved(session.session_id);
  }
}

/** The session of a device that names none. */
export function ownSession(principal: Principal): string {
  return `device:${principal.device_id}`;
}

function placeOf(principal: Principal, session_id: string): Place {
  return { session_id, device_id: principal.device_id, reach: reachOf(principal) };
}

export function reachOf({ scope }: Principal): Reach {
  return reachOfScope(scope);
}

/** Of a device that is gone nobody can say what it might: what is its own. Senders of events are strangers. */
function reachOfScope(scope: Scope | null): Reach {
  if (scope === "owner") return "owner";
  return scope === "ingest" ? "channel" : "chat";
}

function sourceOf(session_id: string): string {
  const colon = session_id.indexOf(":");
  return colon < 0 ? session_id : session_id.slice(0, colon);
}

function notYours(session_id: string): Problem {
  return new Problem("forbidden_scope", {
    detail: `The session "${session_id}" belongs to another device. Use a session of your own, or a token with the scope "owner".`,
  });
}
