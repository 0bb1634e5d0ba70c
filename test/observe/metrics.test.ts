import { describe, expect, test } from "bun:test";
import { labels, Metrics } from "../../src/observe/metrics.ts";

describe("Metrics", () => {
  test("prints counters, gauges and histograms in Prometheus' text format", () => {
    const metrics = new Metrics();
    const requests = metrics.counter("requests_total", "Requests.");
    let open = 1;
    metrics.gauge("sockets", "Open sockets.", () => open);
    const seconds = metrics.histogram("answer_seconds", "Time to answer.", [0.1, 1]);
    requests.add(labels({ route: "/health", status: "200" }));
    requests.add(labels({ route: "/health", status: "200" }), 2);
    requests.add(labels({ route: "/ws", status: "101" }));
    open = 7;
    for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(value);
    expect(metrics.render()).toBe(
      [
        "# HELP requests_total Requests.",
        "# TYPE requests_total counter",
        'requests_total{route="/health",status="200"} 3',
        'requests_total{route="/ws",status="101"} 1',
        "# HELP sockets Open sockets.",
        "# TYPE sockets gauge",
        "sockets 7",
        "# HELP answer_seconds Time to answer.",
        "# TYPE answer_seconds histogram",
        'answer_seconds_bucket{le="0.1"} 2',
        'answer_seconds_bucket{le="1"} 3',
        'answer_seconds_bucket{le="+Inf"} 4',
        "answer_seconds_sum 3.65",
        "answer_seconds_count 4",
        "",
      ].join("\n"),
    );
    expect(requests.total).toBe(4);
  });

  test("shows a counter that has counted nothing", () => {
    const metrics = new Metrics();
    metrics.counter("failures_total", "Failures.").add();
    metrics.counter("refusals_total", "Refusals.");
    expect(metrics.render()).toContain("failures_total 1\n");
    expect(metrics.render()).toContain("refusals_total 0\n");
  });

  test("takes a name once", () => {
    const metrics = new Metrics();
    metrics.counter("a", "A.");
    expect(() => metrics.gauge("a", "B.", () => 1)).toThrow("the name is taken");
  });
});

test("labels escapes what would end a label's value", () => {
  expect(labels({ source: 'a"b\\c\nd' })).toBe('source="a\\"b\\\\c\\nd"');
  expect(labels({})).toBe("");
});
