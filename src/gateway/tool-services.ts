import type { AgentTurn } from "../agent/agent.ts";
import type { Desk, DeskStatus } from "../agent/desk/desk.ts";
import type { ToolDesk } from "../agent/tools/tool-desk.ts";
import type { Tools, ToolUser } from "../agent/tools/tools.ts";
import type { Devices } from "../auth/devices.ts";
import type { Clock } from "../lib/clock.ts";
import { LOCAL_PRINCIPAL } from "../protocol/principal.ts";
import type { Store } from "../store/store.ts";
import type { SayParts } from "./say.ts";

export interface ToolServicesParts extends Omit<SayParts, "store"> {
  readonly store: Store;
  readonly devices: Devices;
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
}

/** What agents may know and do of the gateway. The tools' code is loaded when the first of them is asked for. */
export function openTools(parts: ToolServicesParts): ToolServices {
  const { store, devices, status, clock, access } = parts;
  const { events, runs, search, notes, reminders } = store;
  const desk: Desk = { clock, devices: async () => devices.list(), status, events, runs, search, notes, reminders };
  const toolsOf = async (user: ToolUser) => {
    const [tools, { say }] = await Promise.all([import("../agent/tools/open-tools.ts"), import("./say.ts")]);
    const toolDesk: ToolDesk = { ...desk, sessions: store.sessions, say: (...what) => say(parts, ...what) };
    return tools.openTools(toolDesk, user);
  };
  return {
    desk,
    toolsOf,
    toolsFor: async ({ reach, device_id, session_id, run_id, attempt }) => {
      if (reach === "channel" || device_id === null || access.isStrangers(session_id)) return null;
      // Of a device that is gone nobody can say whether it only sent events, which are strangers' text.
      if (device_id !== LOCAL_PRINCIPAL.device_id && !devices.isCurrent(device_id)) return null;
      return toolsOf({ reach, device_id, session_id, run: { run_id, attempt } });
    },
  };
}
