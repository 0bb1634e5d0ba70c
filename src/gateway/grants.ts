import type { AgentTurn } from "../agent/agent.ts";
import type { Grant } from "../agent/agent-parts.ts";
import { sha256Hex } from "../lib/hash.ts";
import type { Random } from "../lib/random.ts";
import type { Principal } from "../protocol/principal.ts";

/** More than an agent's process keeps conversations for. */
const MAX_GRANTS = 1_000;

export interface GrantsParts {
  /** `http://127.0.0.1:8585`: where this machine reaches the gateway. */
  readonly origin: () => string;
  /** Whether the device still holds a token. */
  readonly isCurrent: (device_id: string) => boolean;
  readonly random: Random;
}

/**
 * Tokens with which an agent's process uses the gateway's tools, one a conversation. They open `/mcp` alone, end with the
 * conversation or its device, and are in memory only: their hashes here, themselves in the process that was given them.
 */
export class Grants {
  readonly #parts: GrantsParts;
  readonly #principals = new Map<string, Principal>();

  constructor(parts: GrantsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#principals.size;
  }

  /** Null for who may not use `/mcp` anyway, and when there are too many. */
  make({ reach, device_id, session_id }: Pick<AgentTurn, "reach" | "device_id" | "session_id">): Grant | null {
    if (reach !== "owner" || device_id === null || this.#principals.size >= MAX_GRANTS) return null;
    const token = `zc_${Buffer.from(this.#parts.random.bytes(32)).toString("hex")}`;
    const hash = sha256Hex(token);
    this.#principals.set(hash, { device_id, session_id, name: "the agent", scope: "owner", local: false });
    return { url: `${this.#parts.origin()}/mcp`, token, revoke: () => void this.#principals.delete(hash) };
  }

  /** Whom a token speaks for; null when it is none of these. */
  authenticate(token: string): Principal | null {
    if (this.#principals.size === 0) return null;
    const hash = sha256Hex(token);
    const principal = this.#principals.get(hash) ?? null;
    if (principal === null || this.#parts.isCurrent(principal.device_id)) return principal;
    this.#principals.delete(hash);
    return null;
  }
}
