import type { Devices } from "../auth/devices.ts";
import type { Lockouts } from "../auth/lockouts.ts";
import type { Pairing } from "../auth/pairing.ts";
import type { SettingRow } from "../config/describe.ts";
import type { Config } from "../config/settings.ts";
import type { Clock } from "../lib/clock.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { SessionAccess } from "../runs/access.ts";
import type { Keys } from "../runs/keyed.ts";
import type { Runs, Terminal } from "../runs/runs.ts";
import type { Streams } from "../sessions/streams.ts";
import type { Store } from "../store/store.ts";

/** What the handlers work with; made by `gateway/gateway.ts`. Each handler picks what it needs. */
export interface ApiParts {
  readonly config: Config;
  readonly settings: () => readonly SettingRow[];
  readonly store: Store;
  readonly runs: Runs;
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
  readonly status: () => Promise<GatewayStatus>;
  /** Aborts when the gateway begins to stop: streams that never end by themselves end then. */
  readonly closing: AbortSignal;
  /** Aborts when the gateway stops and waits no longer: what has not ended by then goes on at the next start. */
  readonly leaving: AbortSignal;
  /** Why `/health` is not ok: null while all is well. */
  readonly unhealthy: () => "draining" | "store" | null;
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
  readonly agent: { readonly kind: string; readonly model: string };
  readonly channels: readonly { readonly name: string; readonly on: boolean; readonly reason?: string }[];
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
