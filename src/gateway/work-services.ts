import type { Agent } from "../agent/agent.ts";
import { openAgent } from "../agent/agents.ts";
import type { DeskStatus } from "../agent/operator/desk.ts";
import { questionOf } from "../api/webhook-body.ts";
import type { Devices } from "../auth/devices.ts";
import type { Config } from "../config/settings.ts";
import { summarize } from "../inbox/summary/summarize.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Random } from "../lib/random.ts";
import { Idempotency } from "../limits/idempotency.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import { SessionAccess } from "../runs/access.ts";
import { Permissions } from "../runs/permissions.ts";
import { Runs } from "../runs/runs.ts";
import { Streams } from "../sessions/streams.ts";
import type { NewReply, Store } from "../store/store.ts";
import type { Channels } from "./channel-services.ts";
import { GatewayInbox } from "./inbox.ts";
import { type PlanParts, planOf, planOfChannel, retryAt } from "./prompt.ts";
import type { Traffic } from "./traffic.ts";

export interface WorkServices {
  readonly streams: Streams;
  readonly permissions: Permissions;
  readonly access: SessionAccess;
  readonly idempotency: Idempotency;
  readonly runs: Runs;
  readonly inbox: GatewayInbox;
  readonly agent: { readonly kind: string; readonly model: string; stop(): Promise<void> };
}

export interface WorkParts {
  readonly config: Config;
  /** Absent: the one that the configuration names. */
  readonly agent?: Agent;
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

/** What turns messages and events into answers. @throws AgentUnavailable */
export function openWork(parts: WorkParts): WorkServices {
  const { config, store, devices, feed, traffic, channels, clock, random, log } = parts;
  const { events, runs: stored, search, notes, reminders } = store;
  const own = { clock, devices: async () => devices.list(), status: parts.status };
  const desk = { ...own, events, runs: stored, search, notes, reminders };
  const plans: PlanParts["plans"] = new WeakMap();
  const agent = parts.agent ?? openAgent(config.agent, { desk, summarize });
  const streams = new Streams(store, clock);
  const permissions = new Permissions(clock);
  const runs = new Runs({
    store,
    streams,
    agent,
    permissions,
    feed,
    clock,
    log,
    timeoutMs: config.agent.timeout_seconds * 1_000,
    isQuestion: (event) => questionOf(event) !== null,
    retryAt: (event, now) => retryAt(event, now, random),
    replyTo: (event) => replyTo({ channels, plans, clock }, event),
    onReply: parts.onReply,
    onEnded: (state, ms) => traffic.run(state, ms),
  });
  const maxConcurrent = config.agent.max_concurrent;
  return {
    streams,
    permissions,
    runs,
    agent,
    access: new SessionAccess(store.sessions, Object.keys(config.channels), (id) => devices.scopeOf(id)),
    idempotency: new Idempotency({ store: store.idempotency, maxKeys: config.gateway.idempotency.max_keys, clock }),
    inbox: new GatewayInbox({
      store,
      runs,
      feed,
      clock,
      random,
      log,
      maxConcurrent,
      planOf: (event) =>
        planOf({ channels, plans, config: config.channels, scopeOf: (id) => devices.scopeOf(id), random }, event),
      onEnded: (_event, ms) => traffic.eventEnded(ms),
    }),
  };
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
