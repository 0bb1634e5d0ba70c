import type { Clock } from "../lib/clock.ts";
import { type Counter, type Histogram, labels, type Metrics } from "../observe/metrics.ts";
import type { RefusalReason } from "../protocol/refusal.ts";
import type { RunState } from "../protocol/run.ts";
import type { CounterRow } from "../store/store.ts";

const LATENCY_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
const EVENT_MS = [10, 50, 100, 500, 1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000] as const;
/** Durations kept for a minute's percentiles; past that every new one replaces an older one. */
const SAMPLES = 1_024;

/** Counts what passes through, for `/metrics` and for the minute rows of `/api/history`. */
export class Traffic {
  readonly #requests: Counter;
  readonly #latency: Histogram;
  readonly #runs: Counter;
  readonly #accepted: Counter;
  readonly #duplicates: Counter;
  readonly #refused: Counter;
  readonly #eventLatency: Histogram;
  readonly #runLatency: Histogram;
  readonly #clock: Clock;
  /** The labels of requests, by route and status, and of accepted events, by source: making their text costs 1 µs. */
  readonly #requestLabels = new Map<string, Map<number, string>>();
  readonly #sourceLabels = new Map<string, string>();
  #samples: number[] = [];
  #minute = { accepted: 0, refused: 0, runs: 0, failed: 0, requests: 0 };

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    this.#requests = metrics.counter("zeroclaw_http_requests_total", "HTTP requests by route and status.");
    this.#latency = metrics.histogram(
      "zeroclaw_http_request_duration_ms",
      "Milliseconds from request to answer.",
      LATENCY_MS,
    );
    this.#accepted = metrics.counter("zeroclaw_events_accepted_total", "Events accepted, by source.");
    this.#duplicates = metrics.counter("zeroclaw_events_duplicate_total", "Deliveries known already, by source.");
    this.#refused = metrics.counter("zeroclaw_deliveries_refused_total", "Deliveries refused, by source and reason.");
    this.#eventLatency = metrics.histogram(
      "zeroclaw_event_duration_ms",
      "Milliseconds from an event's acceptance to its end.",
      EVENT_MS,
    );
    this.#runs = metrics.counter("zeroclaw_runs_total", "Ended runs by state.");
    this.#runLatency = metrics.histogram(
      "zeroclaw_run_duration_ms",
      "Milliseconds from a run's start to its end.",
      LATENCY_MS,
    );
  }

  request(route: string, status: number, ms: number): void {
    this.#requests.add(this.#labelsOf(route, status));
    this.#latency.observe(ms);
    this.#minute.requests += 1;
    if (status >= 400) this.#minute.refused += 1;
    if (this.#samples.length < SAMPLES) this.#samples.push(ms);
    else this.#samples[this.#minute.requests % SAMPLES] = ms;
  }

  #labelsOf(route: string, status: number): string {
    let byStatus = this.#requestLabels.get(route);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#requestLabels.set(route, byStatus);
    }
    let label = byStatus.get(status);
    if (label === undefined) {
      label = `route="${route}",status="${status}"`;
      byStatus.set(status, label);
    }
    return label;
  }

  /** Events that are on disk. `source` comes from the configuration: strangers cannot make new series. */
  accepted(source: string, events: number): void {
    if (events === 0) return;
    let label = this.#sourceLabels.get(source);
    if (label === undefined) {
      label = labels({ source });
      this.#sourceLabels.set(source, label);
    }
    this.#accepted.add(label, events);
    this.#minute.accepted += events;
  }

  duplicate(source: string, events: number): void {
    if (events > 0) this.#duplicates.add(labels({ source }), events);
  }

  refused(source: string, reason: RefusalReason): void {
    this.#refused.add(labels({ source, reason }));
  }

  /** An event that ended well, with the milliseconds since it came. */
  eventEnded(ms: number): void {
    this.#eventLatency.observe(ms);
  }

  run(state: RunState, ms: number): void {
    this.#runs.add(labels({ state }));
    this.#runLatency.observe(ms);
    this.#minute.runs += 1;
    if (state === "failed") this.#minute.failed += 1;
  }

  /** The minute that just ended, and begins the next one. */
  takeMinute(depth: number, sockets: number): CounterRow {
    const { accepted, refused, runs, failed } = this.#minute;
    const sorted = this.#samples.sort((a, b) => a - b);
    // Minutes are counted from the start, not by the wall clock: a row gets the minute that its middle was in.
    const at = Math.floor((this.#clock.now() - 30_000) / 60_000) * 60_000;
    this.#minute = { accepted: 0, refused: 0, runs: 0, failed: 0, requests: 0 };
    this.#samples = [];
    const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { at, accepted, refused, runs, failed, depth, sockets, p50_ms: quantile(0.5), p99_ms: quantile(0.99) };
  }
}
