import type { McpServer } from "@agentclientprotocol/sdk";
import { untilAborted } from "../../lib/abort.ts";
import { Lru } from "../../lib/lru.ts";
import type { Reach } from "../../protocol/run.ts";
import type { AgentTurn } from "../agent.ts";
import type { AgentParts, Grant } from "../agent-parts.ts";
import type { AcpConnection } from "./connection.ts";

/** ACP sessions that an agent holds for conversations; the one used longest ago has to go. */
const MAX_SESSIONS = 64;
/** Sessions that can be continued, if the agent can. */
const MAX_IDS = 1_000;

const REACHES = ["owner", "chat", "channel"] as const satisfies readonly Reach[];

/** An ACP session, as one prompt uses it. */
export interface AcpSession {
  readonly id: string;
  /** It knows nothing of what was said before. To be set when that changes. */
  fresh: boolean;
}

interface Open extends AcpSession {
  readonly connection: AcpConnection;
  readonly grant: Grant | null;
}

interface Conversation {
  /** Null: nobody comes back to it, and it ends with its last turn. */
  key: string | null;
  open: Open | null;
  /** Turns that use it, or wait until they may. */
  turns: number;
  /** The last of them. */
  tail: Promise<void>;
}

/** One turn's place in its conversation: nobody else prompts there until it leaves. */
export interface Lease {
  /** The conversation's ACP session, opened if there is none. @throws AgentError */
  session(connection: AcpConnection): Promise<AcpSession>;
  /** The agent knows the session no more. */
  forget(): void;
  leave(): void;
}

/**
 * One ACP session for each conversation and reach: what strangers write is never in one with what the owner says, whose
 * session has the gateway's tools. One prompt at a time in each.
 */
export class AcpSessions {
  readonly #grant: AgentParts["grant"];
  readonly #kept = new Map<string, Conversation>();
  readonly #open = new Set<Conversation>();
  readonly #ids = new Lru<string, string>(MAX_IDS);
  readonly #watched = new WeakSet<AcpConnection>();

  constructor(grant: AgentParts["grant"]) {
    this.#grant = grant;
  }

  /** Waits until the turns before it have left. @throws the signal's reason */
  async enter(turn: AgentTurn, signal: AbortSignal): Promise<Lease> {
    const conversation = this.#conversationOf(turn);
    const before = conversation.tail;
    const over = Promise.withResolvers<void>();
    conversation.turns += 1;
    conversation.tail = before.then(() => over.promise);
    let left = false;
    const lease: Lease = {
      session: (connection) => this.#session(conversation, turn, connection),
      forget: () => this.#forget(conversation),
      leave: () => {
        if (left) return;
        left = true;
        over.resolve();
        conversation.turns -= 1;
        if (conversation.key !== null) this.#shrink();
        else if (conversation.turns === 0) this.#close(conversation);
      },
    };
    try {
      await untilAborted(before, signal);
    } catch (error) {
      lease.leave();
      throw error;
    }
    return lease;
  }

  /** The conversation was deleted: it is not continued, and its tools are taken away at once. */
  forget(session_id: string): void {
    for (const reach of REACHES) {
      const key = keyOf(session_id, reach);
      this.#ids.delete(key);
      const conversation = this.#kept.get(key);
      if (conversation === undefined) continue;
      this.#kept.delete(key);
      conversation.key = null;
      conversation.open?.grant?.revoke();
      // A turn in it is one that came when the others had been cancelled, or whose agent has not stopped yet.
      if (conversation.turns === 0) this.#close(conversation);
    }
  }

  #conversationOf({ session_id, reach, once }: AgentTurn): Conversation {
    if (once) return { key: null, open: null, turns: 0, tail: Promise.resolve() };
    const key = keyOf(session_id, reach);
    const conversation = this.#kept.get(key) ?? { key, open: null, turns: 0, tail: Promise.resolve() };
    this.#kept.delete(key); // put back as the youngest
    this.#kept.set(key, conversation);
    return conversation;
  }

  async #session(conversation: Conversation, turn: AgentTurn, connection: AcpConnection): Promise<AcpSession> {
    const begun = conversation.key !== null && (await turn.history(1)).length > 0;
    const { key } = conversation;
    // A conversation that has no past, or has been deleted, begins anew: the agent must not remember one either.
    if (!begun || key === null) this.#forget(conversation);
    if (conversation.open?.connection === connection) return conversation.open;
    this.#close(conversation);
    const grant = connection.can.mcpHttp ? this.#grant(turn) : null;
    try {
      const known = key === null ? undefined : this.#ids.get(key);
      const continued = known !== undefined && (await continueSession(connection, known, serversOf(grant)));
      const id = continued ? known : await connection.newSession(serversOf(grant));
      const open: Open = { connection, id, grant, fresh: !continued };
      conversation.open = open;
      this.#open.add(conversation);
      // It may have been deleted while the agent was asked.
      if (conversation.key !== key) grant?.revoke();
      else if (key !== null) this.#remember(key, id);
      this.#watch(connection);
      return open;
    } catch (error) {
      grant?.revoke();
      throw error;
    }
  }

  /** An id leads to one conversation: agents that count their sessions give the same ones again when they are restarted. */
  #remember(key: string, id: string): void {
    for (const [other, known] of this.#ids.entries()) if (known === id) this.#ids.delete(other);
    this.#ids.set(key, id);
  }

  /** Grants end with the process they were given to. */
  #watch(connection: AcpConnection): void {
    if (this.#watched.has(connection)) return;
    this.#watched.add(connection);
    void connection.ended.then(() => {
      for (const conversation of this.#open)
        if (conversation.open?.connection === connection) this.#close(conversation);
    });
  }

  #forget(conversation: Conversation): void {
    this.#close(conversation);
    if (conversation.key !== null) this.#ids.delete(conversation.key);
  }

  #close(conversation: Conversation): void {
    const { open } = conversation;
    if (open === null) return;
    conversation.open = null;
    this.#open.delete(conversation);
    open.grant?.revoke();
    open.connection.closeSession(open.id);
  }

  #shrink(): void {
    for (const [key, conversation] of this.#kept) {
      if (this.#kept.size <= MAX_SESSIONS) return;
      if (conversation.turns > 0) continue;
      this.#kept.delete(key);
      this.#close(conversation);
    }
  }
}

function keyOf(session_id: string, reach: Reach): string {
  return `${session_id}\n${reach}`;
}

/** False when the agent cannot, or does not know it any more. */
async function continueSession(connection: AcpConnection, id: string, servers: McpServer[]): Promise<boolean> {
  if (!connection.can.resume && !connection.can.load) return false;
  return connection.continueSession(id, servers).then(
    () => true,
    () => false,
  );
}

function serversOf(grant: Grant | null): McpServer[] {
  if (grant === null) return [];
  const headers = [{ name: "Authorization", value: `Bearer ${grant.token}` }];
  return [{ type: "http", name: "zeroclaw", url: grant.url, headers }];
}
