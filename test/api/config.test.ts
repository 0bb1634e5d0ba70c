import { describe, expect, test } from "bun:test";
import { Door } from "../support/services.ts";

describe("GET /", () => {
  test("says what this is, and how to pair, ask and talk", async () => {
    await using door = await Door.open();
    const { status, text, headers } = await door.client().get("/");
    expect([status, headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    for (const word of ["ZeroClaw Gateway", "/pair", "/api/message", "/ws", "/api/openapi.json"])
      expect(text).toContain(word);
    expect(text).not.toContain(door.code);
  });
});

describe("GET /api/config", () => {
  test("lists every setting with its value and where that comes from", async () => {
    await using door = await Door.open({
      config: "[gateway]\nwait_seconds = 7\n",
      env: { ZEROCLAW_GATEWAY__RATE_LIMIT__WINDOW_SECONDS: "30" },
    });
    const settings = (await (await door.paired()).get("/api/config")).rows("settings");
    const row = (key: string) => settings.find((one) => one["key"] === key);
    expect(row("gateway.wait_seconds")).toMatchObject({ value: 7, source: "file", default: 25 });
    expect(row("gateway.rate_limit.window_seconds")).toMatchObject({ value: 30, source: "environment" });
    expect(row("gateway.host")).toMatchObject({ value: "127.0.0.1", source: "default" });
  });

  test("is for owners", async () => {
    await using door = await Door.open();
    for (const path of ["/api/config", "/api/history", "/metrics"]) {
      expect((await door.client().get(path)).status).toBe(401);
      for (const scope of ["chat", "ingest"] as const) {
        const refused = await (await door.paired(scope)).get(path);
        expect([refused.status, refused.json["code"]]).toEqual([403, "forbidden_scope"]);
      }
    }
  });
});

describe("GET /api/history", () => {
  test("has a row for every minute that passed, oldest first, with what happened in it", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    expect((await owner.get("/api/history")).json).toEqual({ history: [] });
    await owner.post("/webhook", { a: 1 });
    await owner.get("/api/nothing");
    await owner.post("/api/message", { message: "Hello" });
    await door.settle();
    door.clock.advance(60_000);
    await door.settle();
    door.clock.advance(60_000);
    await door.settle();
    const history = (await owner.get("/api/history")).rows("history");
    expect(history).toHaveLength(2);
    expect(history[0]).toMatchObject({ at: "2026-11-22T12:00:00.000Z", accepted: 1, refused: 1, runs: 2, failed: 0 });
    expect(history[1]).toMatchObject({ at: "2026-11-22T12:01:00.000Z", accepted: 0, refused: 0, runs: 0 });
  });

  test("has the inbox's depth as it was then, although nobody asked for it", async () => {
    await using door = await Door.open();
    door.agent.script = null;
    const owner = await door.paired();
    for (let number = 0; number < 3; number += 1) await owner.post("/webhook", { number });
    door.clock.advance(60_000);
    await door.settle();
    expect((await owner.get("/api/history")).rows("history")).toMatchObject([{ accepted: 3, depth: 3 }]);
  });

  test("goes back as many minutes as asked, within a week", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (let minute = 0; minute < 3; minute += 1) {
      door.clock.advance(60_000);
      await door.settle();
    }
    expect((await owner.get("/api/history?minutes=2")).rows("history")).toHaveLength(2);
    for (const wrong of ["0", "10081", "-1", "1.5", "x", "1e1", "%20"]) {
      const { status, json } = await owner.get(`/api/history?minutes=${wrong}`);
      expect([wrong, status, json["code"]]).toEqual([wrong, 400, "bad_field"]);
    }
  });
});

describe("GET /metrics", () => {
  test("is Prometheus text 0.0.4: every family with HELP and TYPE once, every sample a number, buckets that rise", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    await owner.post("/webhook", { a: 1 });
    await owner.get("/api/nothing");
    await owner.post("/api/message", { message: "Hello" });
    const { text, headers } = await owner.get("/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = parsePrometheus(text);
    expect(families.get("zeroclaw_http_requests_total")?.type).toBe("counter");
    expect(families.get("zeroclaw_inbox_depth")?.samples).toHaveLength(1);
    const buckets = families.get("zeroclaw_http_request_duration_ms")?.samples.filter(({ le }) => le !== null) ?? [];
    const counts = buckets.map(({ value }) => value);
    expect(counts.length).toBeGreaterThan(5);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(buckets.at(-1)?.le).toBe("+Inf");
  });

  test("counts by the route's pattern, never by what a stranger put into the path", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    await owner.get("/api/events/some-id");
    await owner.get('/nothing"at{all}');
    const { text } = await owner.get("/metrics");
    expect(text).toContain('zeroclaw_http_requests_total{route="/api/events/:id",status="404"} 1');
    expect(text).toContain('zeroclaw_http_requests_total{route="(none)",status="404"} 1');
    expect(text).not.toContain("some-id");
    expect(text).not.toContain("at{all}");
  });

  test("has the inbox as it is now", async () => {
    await using door = await Door.open({ resume: false });
    const owner = await door.paired();
    await owner.post("/webhook", { a: 1 });
    door.clock.advance(5_000);
    const { text } = await owner.get("/metrics");
    expect(text).toContain("\nzeroclaw_inbox_depth 1\n");
    expect(text).toContain("\nzeroclaw_inbox_oldest_pending_seconds 5\n");
    expect(text).toContain("\nzeroclaw_devices 1\n");
  });
});

interface Family {
  readonly type: string;
  readonly samples: { readonly le: string | null; readonly value: number }[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. @throws Error for what it forbids */
function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("The last line has no line feed");
  const families = new Map<string, Family>();
  const helped = new Set<string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (helped.has(name)) throw new Error(`HELP of ${name} twice`);
      helped.add(name);
    } else if (keyword === "TYPE") {
      if (families.has(name) || !["counter", "gauge", "histogram"].includes(rest)) throw new Error(line);
      families.set(name, { type: rest, samples: [] });
    } else {
      const [, sample = "", labels = "", value] = SAMPLE.exec(line) ?? [];
      const family = families.get(sample) ?? families.get(sample.replace(/_(bucket|sum|count)$/, ""));
      if (!family || Number.isNaN(Number(value))) throw new Error(`Not a sample of a family: ${line}`);
      const le = /\ble="([^"]*)"/.exec(labels)?.[1] ?? null;
      family.samples.push({ le, value: Number(value) });
    }
  }
  return families;
}
