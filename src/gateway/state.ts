import type { GatewayStatus } from "../api/parts.ts";
import type { Devices } from "../auth/devices.ts";
import { isOff } from "../channels/channel.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Clock } from "../lib/clock.ts";
import { rfc3339 } from "../lib/time.ts";
import { VERSION } from "../lib/version.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { EventCounts, Store } from "../store/store.ts";
import type { Channels } from "./channel-services.ts";
import { MAX_BODY } from "./routes.ts";

export interface StateParts {
  readonly loaded: LoadedConfig;
  readonly store: Pick<Store, "events" | "replies" | "fault">;
  readonly channels: Channels;
  /** Sources that should have sent something by now. */
  readonly silent: () => ReadonlySet<string>;
  readonly devices: Pick<Devices, "list">;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly agent: Pick<GatewayStatus["agent"], "kind" | "model">;
  /** Why the agent could not answer the last time; null when it could. */
  readonly trouble: () => string | null;
  readonly sockets: () => { readonly open: number; readonly unauthenticated: number };
}

type ReplyCounts = GatewayStatus["replies"];

const NO_REPLIES: ReplyCounts = { pending: 0, sending: 0, retrying: 0, sent: 0, uncertain: 0, dead: 0 };

const NOTHING: EventCounts = { received: 0, running: 0, retrying: 0, dead: 0, oldest_pending_at: null };

/** How the gateway is: for `/health`, `/api/status`, `/metrics` and the operator's `/status`. */
export class GatewayState {
  readonly #parts: StateParts;
  readonly #began: number;
  #counts: EventCounts = NOTHING;
  #replies: ReplyCounts = NO_REPLIES;
  #draining = false;
  #address = "";

  constructor(parts: StateParts) {
    this.#parts = parts;
    this.#began = parts.clock.monotonic();
    const { metrics, clock } = parts;
    metrics.gauge("zeroclaw_inbox_depth", "Events not yet done or dead.", () => this.depth);
    metrics.gauge("zeroclaw_inbox_dead", "Events given up on.", () => this.#counts.dead);
    metrics.gauge("zeroclaw_inbox_oldest_pending_seconds", "Age of the oldest event not yet done or dead.", () => {
      const { oldest_pending_at } = this.#counts;
      return oldest_pending_at === null ? 0 : Math.max(0, (clock.now() - oldest_pending_at) / 1_000);
    });
    metrics.gauge("zeroclaw_replies_pending", "Answers that wait to be sent.", () => {
      const { pending, sending, retrying } = this.#replies;
      return pending + sending + retrying;
    });
    metrics.gauge("zeroclaw_replies_dead", "Answers that could not be sent.", () => this.#replies.dead);
    metrics.gauge(
      "zeroclaw_replies_uncertain",
      "Answers of which it is not known whether they arrived.",
      () => this.#replies.uncertain,
    );
    metrics.gauge("zeroclaw_sources_silent", "Sources that sent nothing for longer than expect_every.", () => {
      return parts.silent().size;
    });
    metrics.gauge("zeroclaw_sockets", "Open WebSockets.", () => parts.sockets().open);
    metrics.gauge("zeroclaw_devices", "Devices that hold a token.", () => parts.devices.list().length);
    metrics.gauge("zeroclaw_store_writable", "1 while writes succeed.", () => (parts.store.fault === null ? 1 : 0));
    metrics.gauge("zeroclaw_uptime_seconds", "Seconds since the start.", () => this.#uptime());
  }

  /** Events not yet done or dead, as last counted. */
  get depth(): number {
    return this.#counts.received + this.#counts.running + this.#counts.retrying;
  }

  get address(): string {
    return this.#address;
  }

  listensOn(address: string): void {
    this.#address = address;
  }

  drains(): void {
    this.#draining = true;
  }

  unhealthy(): "draining" | "store" | null {
    if (this.#draining) return "draining";
    return this.#parts.store.fault === null ? null : "store";
  }

  async count(): Promise<EventCounts> {
    const { events, replies } = this.#parts.store;
    [this.#counts, this.#replies] = await Promise.all([events.counts(), replies.counts()]);
    return this.#counts;
  }

  async status(): Promise<GatewayStatus> {
    const { loaded, devices, sockets } = this.#parts;
    const { oldest_pending_at, ...inbox } = await this.count();
    const { rate_limit, wait_seconds } = loaded.config.gateway;
    const fault = this.unhealthy();
    return {
      status: fault === null ? "ok" : fault === "draining" ? "draining" : "store_unavailable",
      version: VERSION,
      uptime_seconds: this.#uptime(),
      paired: devices.list().length > 0,
      pid: process.pid,
      address: this.#address,
      agent: this.#agent(),
      channels: this.#channels(),
      devices: devices.list().length,
      inbox: { ...inbox, oldest_pending_at: oldest_pending_at === null ? null : rfc3339(oldest_pending_at) },
      replies: this.#replies,
      sockets: sockets(),
      limits: {
        max_requests_per_window: rate_limit.enabled ? rate_limit.max_requests_per_window : null,
        window_seconds: rate_limit.window_seconds,
        max_body: MAX_BODY,
        wait_seconds,
      },
    };
  }

  #agent(): GatewayStatus["agent"] {
    const { agent, trouble } = this.#parts;
    const why = trouble();
    return { kind: agent.kind, model: agent.model, ...(why === null ? {} : { trouble: why }) };
  }

  #channels(): GatewayStatus["channels"] {
    const silent = this.#parts.silent();
    return [...this.#parts.channels.values()].map((channel) => {
      const { name } = channel;
      if (isOff(channel)) return { name, on: false, reason: channel.off };
      return { name, kind: channel.kind, on: true, ...(silent.has(name) ? { silent: true as const } : {}) };
    });
  }

  #uptime(): number {
    return Math.floor((this.#parts.clock.monotonic() - this.#began) / 1_000);
  }
}
