import type { AgentTurn } from "../agent/agent.ts";
import type { Grant } from "../agent/agent-parts.ts";
import type { Desk, DeskStatus } from "../agent/desk/desk.ts";
import type { ToolDesk } from "../agent/tools/tool-desk.ts";
import type { Tools, ToolUser } from "../agent/tools/tools.ts";
import type { Devices } from "../auth/devices.ts";
import type { Clock } from "../lib/clock.ts";
import type { Store } from "../store/store.ts";
import type { Grants } from "./grants.ts";
import type { SayParts } from "./say.ts";

export interface ToolServicesParts extends Omit<SayParts, "store"> {
  readonly store: Store;
  readonly devices: Devices;
  /** Whether a device still holds a token; this machine's own commands always may. */
  readonly isCurrent: (device_id: string) => boolean;
  readonly grants: Pick<Grants, "make">;
  readonly status: () => Promise<DeskStatus>;
  readonly clock: Clock;
}

export interface ToolServices {
  readonly desk: Desk;
  /** The gateway's tools in somebody's name. */
  readonly toolsOf: (user: ToolUser) => Promise<Tools>;
  /** Those of a turn; null when a stranger's text is in its conversation: it must not reach anything. */
  readonly toolsFor: (
    turn: Pick<AgentTurn, "reach" | "device_id" | "session_id" | "run_id" | "attempt">,
  ) => Promise<Tools | null>;
  /** The same for an agent's process, by the same rule. */
  readonly grantFor: (turn: AgentTurn) => Grant | null;
}

/** What agents may know and do of the gateway. The tools' code is loaded when the first of them is asked for. */
export function openTools(parts: ToolServicesParts): ToolServices {
  const { store, devices, isCurrent, grants, status, clock, access } = parts;
  const { events, runs, search, notes, reminders } = store;
  const desk: Desk = { clock, devices: async () => devices.list(), status, events, runs, search, notes, reminders };
  const toolsOf = async (user: ToolUser) => {
    const [tools, { say }] = await Promise.all([import("../agent/tools/open-tools.ts"), import("./say.ts")]);
    const toolDesk: ToolDesk = { ...desk, sessions: store.sessions, say: (...what) => say(parts, ...what) };
    return tools.openTools(toolDesk, user);
  };
  const userOf = ({ reach, device_id, session_id }: Pick<AgentTurn, "reach" | "device_id" | "session_id">) => {
    if (reach === "channel" || device_id === null || access.isStrangers(session_id)) return null;
    // Of a device that is gone nobody can say whether it only sent events, which are strangers' text.
    return isCurrent(device_id) ? { reach, device_id, session_id } : null;
  };
  return {
    desk,
    toolsOf,
    toolsFor: async (turn) => {
      const user = userOf(turn);
      return user && toolsOf({ ...user, run: { run_id: turn.run_id, attempt: turn.attempt } });
    },
    grantFor: (turn) => (userOf(turn) === null ? null : grants.make(turn)),
  };
}
