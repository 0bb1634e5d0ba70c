import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import type { AgentTurn } from "./agent.ts";
import type { OperatorParts } from "./operator/operator.ts";

/** What agents are made of besides their settings; each picks what it needs. */
export interface AgentParts extends Omit<OperatorParts, "kinds"> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The process's environment: what detection may name, and what an agent's process may inherit of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The gateway's folder: an ACP agent works in its `workspace/` unless `agent.cwd` names another. */
  readonly dir: string;
  readonly fetch: typeof fetch;
  /** Where an agent's process finds the gateway's tools; null for turns that get none. */
  readonly grant: (turn: AgentTurn) => Grant | null;
  /** The gateway's own port, so that it does not take itself for a model server; 0 before it is known. */
  readonly ownPort: () => number;
}

/** The gateway's tools for one conversation of an agent's process, until `revoke`. */
export interface Grant {
  /** `http://127.0.0.1:8585/mcp` */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. In memory only. */
  readonly token: string;
  revoke(): void;
}
