import type { Agent } from "../agent/agent.ts";
import type { Tools, ToolUser } from "../agent/tools/tools.ts";
import type { Devices } from "../auth/devices.ts";
import type { Lockouts } from "../auth/lockouts.ts";
import type { Pairing } from "../auth/pairing.ts";
import type { Channel, ChannelOff } from "../channels/channel.ts";
import type { SettingRow } from "../config/describe.ts";
import type { Config } from "../config/settings.ts";
import type { RefusalLog } from "../inbox/refusal-log.ts";
import type { Clock } from "../lib/clock.ts";
import type { Lru } from "../lib/lru.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RefusalReason } from "../protocol/refusal.ts";
import type { ReplyState } from "../protocol/reply.ts";
import type { SessionAccess } from "../runs/access.ts";
import type { Keys } from "../runs/keyed.ts";
import type { Once } from "../runs/once.ts";
import type { Runs, Terminal } from "../runs/runs.ts";
import type { Streams } from "../sessions/streams.ts";
import type { Store } from "../store/store.ts";

import type { Context } from "./context.ts";

/** What the handlers work with; made by `gateway/gateway.ts`. Each handler picks what it needs. */
export interface ApiParts {
  readonly config: Config;
  readonly settings: () => readonly SettingRow[];
  readonly store: Store;
  readonly runs: Runs;
  /** Answers that belong to one request. */
  readonly once: Once;
  readonly agent: Pick<Agent, "kind" | "model" | "forget">;
  /** The gateway's tools in somebody's name. */
  readonly toolsOf: (user: ToolUser) => Promise<Tools>;
  readonly streams: Streams;
  readonly access: SessionAccess;
  /** Null when idempotency is switched off. */
  readonly keys: Keys | null;
  readonly devices: Devices;
  readonly pairing: Pairing;
  readonly lockouts: Lockouts;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly inbox: Inbox;
  /** Configured sources by name. */
  readonly channels: ReadonlyMap<string, Channel | ChannelOff>;
  readonly counts: SourceCounts;
  /** Sends a signed example delivery to the gateway's own door. */
  readonly tester: (channel: Channel, event: string | null) => Promise<TestResult>;
  /** Refusals are written once a second: a reader wants those of this second too, and flushes. */
  readonly refusals: Pick<RefusalLog, "record" | "flush">;
  /** Counts a verified delivery in its source's own budget. Returns the whole seconds to wait, 0 when there is room. */
  readonly spend: (source: string) => number;
  /** Delivery ids that were accepted lately, in front of the store; null when idempotency is switched off. */
  readonly recent: Lru<string, string> | null;
  /** The address as senders know it: `gateway.public_url`, else where the request says it went. */
  readonly urlOf: (context: Context) => string;
  readonly status: () => Promise<GatewayStatus>;
  /** Aborts when the gateway begins to stop: streams that never end by themselves end then. */
  readonly closing: AbortSignal;
  /** Aborts when the gateway stops and waits no longer: what has not ended by then goes on at the next start. */
  readonly leaving: AbortSignal;
  /** Why `/health` is not ok: null while all is well. */
  readonly unhealthy: () => "draining" | "store" | null;
}

/** Counts deliveries, for metrics and for silent sources. */
export interface SourceCounts {
  accepted(source: string, events: number): void;
  duplicate(source: string, events: number): void;
  refused(source: string, reason: RefusalReason): void;
}

/** What became of an example delivery. */
export interface TestResult {
  readonly url: string;
  /** The example's name. */
  readonly event: string;
  readonly status: number;
  /** The answer's body, at most 2 KB of it. */
  readonly answer: string;
  readonly event_id: string | null;
}

/** The way in for events that are on disk. */
export interface Inbox {
  /** Says that an event was accepted. */
  accepted(): void;
  /** The frame that ends the event's run, from now on; null when none will come: the event's state says why. */
  answerOf(event_id: string): Promise<Terminal | null>;
}

/** `GET /api/status` with a token, and `zeroclaw status`. */
export interface GatewayStatus {
  readonly status: "ok" | "draining" | "store_unavailable";
  readonly version: string;
  readonly uptime_seconds: number;
  readonly paired: boolean;
  readonly pid: number;
  readonly address: string;
  readonly agent: {
    readonly kind: string;
    readonly model: string;
    /** Why it could not answer the last time it was asked; absent when it could. */
    readonly trouble?: string;
  };
  readonly channels: readonly {
    readonly name: string;
    readonly kind?: string;
    readonly on: boolean;
    /** Why it is off. */
    readonly reason?: string;
    /** Nothing came for longer than `expect_every`. */
    readonly silent?: true;
  }[];
  /** Answers on their way back. */
  readonly replies: Readonly<Record<ReplyState, number>>;
  readonly devices: number;
  readonly inbox: {
    readonly received: number;
    readonly running: number;
    readonly retrying: number;
    readonly dead: number;
    readonly oldest_pending_at: string | null;
  };
  readonly sockets: { readonly open: number; readonly unauthenticated: number };
  readonly limits: {
    readonly max_requests_per_window: number | null;
    readonly window_seconds: number;
    readonly max_body: number;
    readonly wait_seconds: number;
  };
}
