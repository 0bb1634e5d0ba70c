import type { Agent } from "../agent/agent.ts";
import type { AgentParts } from "../agent/agent-parts.ts";
import type { OpenAgent } from "../agent/agents.ts";
import type { Desk, DeskStatus } from "../agent/desk/desk.ts";
import type { Tools, ToolUser } from "../agent/tools/tools.ts";
import { questionOf } from "../api/webhook-body.ts";
import type { Devices } from "../auth/devices.ts";
import type { Environment } from "../config/paths.ts";
import type { Config } from "../config/settings.ts";
import { summarize } from "../inbox/summary/summarize.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Random } from "../lib/random.ts";
import { Idempotency } from "../limits/idempotency.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { StoredRun } from "../protocol/run.ts";
import { SessionAccess } from "../runs/access.ts";
import { Once } from "../runs/once.ts";
import { Permissions } from "../runs/permissions.ts";
import { Runs } from "../runs/runs.ts";
import { Streams } from "../sessions/streams.ts";
import type { NewReply, Store } from "../store/store.ts";
import type { Channels } from "./channel-services.ts";
import type { Grants } from "./grants.ts";
import { GatewayInbox } from "./inbox.ts";
import { type PlanParts, planOf, planOfChannel, retryAt } from "./prompt.ts";
import { openTools } from "./tool-services.ts";
import type { Traffic } from "./traffic.ts";

export interface WorkServices {
  readonly streams: Streams;
  readonly permissions: Permissions;
  readonly access: SessionAccess;
  readonly idempotency: Idempotency;
  readonly runs: Runs;
  readonly inbox: GatewayInbox;
  readonly once: Once;
  readonly agent: { readonly kind: string; readonly model: string; stop(): Promise<void> };
  /** The gateway's tools in somebody's name. */
  readonly toolsOf: (user: ToolUser) => Promise<Tools>;
  /** Why the agent could not answer the last time it was asked; null when it could. */
  readonly trouble: () => string | null;
}

export interface WorkParts {
  readonly config: Config;
  /** Makes the agent. */
  readonly open: Agent | OpenAgent;
  readonly grants: Grants;
  /** Whether a device still holds a token; this machine's own commands always may. */
  readonly isCurrent: (device_id: string) => boolean;
  readonly dir: string;
  readonly env: Environment;
  readonly ownPort: () => number;
  readonly store: Store;
  readonly devices: Devices;
  readonly feed: Feed;
  readonly traffic: Traffic;
  readonly channels: Channels;
  /** Told of answers that wait to be sent. */
  readonly onReply: () => void;
  readonly status: () => Promise<DeskStatus>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What turns messages and events into answers. */
export function openWork(parts: WorkParts): WorkServices {
  const { config, store, devices, traffic, channels, clock, random } = parts;
  const plans: PlanParts["plans"] = new WeakMap();
  const access = new SessionAccess(store.sessions, Object.keys(config.channels), (id) => devices.scopeOf(id));
  const { desk, toolsOf, toolsFor, grantFor } = openTools({ ...parts, access, plans, runs: () => runs });
  const agent = openAgent(parts, desk, grantFor);
  const streams = new Streams(store, clock);
  const permissions = new Permissions(clock);
  let trouble: string | null = null;
  const shared = {
    agent,
    clock,
    log: parts.log,
    timeoutMs: config.agent.timeout_seconds * 1_000,
    toolsFor,
    onEnded: (state: StoredRun["state"], ms: number) => traffic.run(state, ms),
    onAnswer: (said: string | null) => {
      if (said !== null && said !== trouble) parts.log.warn("The agent could not answer", { error: said });
      trouble = said;
    },
  };
  const runs = new Runs({
    ...shared,
    store,
    streams,
    permissions,
    feed: parts.feed,
    isQuestion: (event) => questionOf(event) !== null,
    retryAt: (event, now) => retryAt(event, now, random),
    replyTo: (event) => replyTo({ channels, plans, clock }, event),
    replyToNotice: async (run) => {
      const { replyToNotice } = await import("./say.ts");
      return replyToNotice({ channels, plans, access, store, runs: () => runs }, run, clock.now());
    },
    onReply: parts.onReply,
  });
  const planned = { channels, plans, config: config.channels, scopeOf: (id: string) => devices.scopeOf(id), random };
  return {
    streams,
    permissions,
    runs,
    once: new Once(shared),
    agent,
    toolsOf,
    trouble: () => trouble,
    access,
    idempotency: new Idempotency({ store: store.idempotency, maxKeys: config.gateway.idempotency.max_keys, clock }),
    inbox: new GatewayInbox({
      ...parts,
      runs,
      maxConcurrent: config.agent.max_concurrent,
      planOf: (event) => planOf(planned, event),
      onEnded: (_event, ms) => traffic.eventEnded(ms),
    }),
  };
}

function openAgent(
  { open, config, clock, random, log, env, dir, ownPort }: WorkParts,
  desk: Desk,
  grant: AgentParts["grant"],
): Agent {
  if (typeof open !== "function") return open;
  return open(config.agent, { desk, summarize, clock, random, log, env, dir, fetch, grant, ownPort });
}

/** The way back of a channel's event, as its settings are now. */
function replyTo(
  { channels, plans, clock }: Pick<PlanParts, "channels" | "plans"> & Pick<WorkParts, "clock">,
  event: EventWithBody,
): NewReply | null {
  if (!channels.has(event.source)) return null;
  const plan = planOfChannel({ channels, plans }, event);
  if (!plan.run || plan.reply === null) return null;
  return { reply_id: newId(clock.now()), source: event.source, target: plan.reply };
}
