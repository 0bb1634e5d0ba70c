import { describe, expect, test } from "bun:test";
import { Traffic } from "../../src/gateway/traffic.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { ManualClock } from "../support/clock.ts";

function scene(start = "2026-11-22T12:00:00.000Z") {
  const clock = new ManualClock(Date.parse(start));
  const metrics = new Metrics();
  const traffic = new Traffic(metrics, clock);
  return { clock, metrics, traffic };
}

describe("Traffic", () => {
  test("counts a minute, then begins the next one at nothing", () => {
    const { clock, traffic } = scene();
    traffic.request("/webhook", 202, 2);
    traffic.request("/webhook", 401, 4);
    traffic.request("/api/message", 200, 100);
    traffic.accepted("github", 1);
    traffic.run("done", 90);
    traffic.run("failed", 90);
    traffic.run("cancelled", 90);
    clock.advance(60_000);
    expect(traffic.takeMinute(5, 7)).toEqual({
      at: Date.parse("2026-11-22T12:00:00.000Z"),
      accepted: 1,
      refused: 1,
      runs: 3,
      failed: 1,
      depth: 5,
      sockets: 7,
      p50_ms: 4,
      p99_ms: 100,
    });
    clock.advance(60_000);
    expect(traffic.takeMinute(0, 0)).toMatchObject({ accepted: 0, refused: 0, runs: 0, p50_ms: 0, p99_ms: 0 });
  });

  test.each([
    ["2026-11-22T12:00:00.000Z", "12:00"],
    ["2026-11-22T12:00:20.000Z", "12:00"],
    ["2026-11-22T12:00:40.000Z", "12:01"],
    ["2026-11-22T12:00:59.999Z", "12:01"],
  ])("calls the minute that began at %s %s, and each later one the next", (start, name) => {
    const { clock, traffic } = scene(start);
    const named = [0, 1, 2].map(() => {
      clock.advance(60_000);
      return traffic.takeMinute(0, 0).at;
    });
    const first = Date.parse(`2026-11-22T${name}:00.000Z`);
    expect(named).toEqual([first, first + 60_000, first + 120_000]);
  });

  test("keeps a bounded number of durations, the newest among them", () => {
    const { traffic } = scene();
    for (let i = 0; i < 5_000; i += 1) traffic.request("/", 200, i < 4_000 ? 1 : 50);
    const { p50_ms, p99_ms } = traffic.takeMinute(0, 0);
    expect([p50_ms, p99_ms]).toEqual([50, 50]);
  });

  test("labels requests by route and status, and runs by state", () => {
    const { traffic, metrics } = scene();
    traffic.request("/api/runs/:id", 404, 1);
    traffic.request("/api/runs/:id", 404, 1);
    traffic.run("done", 3);
    const text = metrics.render();
    expect(text).toContain('zeroclaw_http_requests_total{route="/api/runs/:id",status="404"} 2');
    expect(text).toContain('zeroclaw_runs_total{state="done"} 1');
    expect(text).toContain("zeroclaw_run_duration_ms_sum 3");
  });
});
