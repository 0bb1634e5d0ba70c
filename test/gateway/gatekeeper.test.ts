import { describe, expect, test } from "bun:test";
import { Door, type DoorClient } from "../support/services.ts";

const LIMITS = "[gateway.rate_limit]\nmax_requests_per_window = 3\nwindow_seconds = 10\n";
const WRONG = `zc_${"0".repeat(64)}`;
const FOREIGN = { Origin: "https://evil.example" };

/** Status and code of each of `count` requests. */
async function many(count: number, ask: () => Promise<{ status: number; json: Readonly<Record<string, unknown>> }>) {
  const seen: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { status, json } = await ask();
    seen.push(`${status} ${json["code"] ?? ""}`.trim());
  }
  return seen;
}

const read = (client: DoorClient) => () => client.get("/api/devices");
const write = (client: DoorClient) => () => client.post("/webhook", { a: 1 });

describe("windows", () => {
  test("belong to the device of a valid token: exact, sliding, and told in the answer", async () => {
    await using door = await Door.open({ config: LIMITS });
    const owner = await door.paired();
    const first = await owner.post("/webhook", { a: 1 });
    expect(first.headers.get("ratelimit-policy")).toBe('"default";q=3;w=10');
    expect(first.headers.get("ratelimit")).toBe('"default";r=2;t=10');
    door.clock.advance(4_000);
    expect(await many(3, write(owner))).toEqual(["202", "202", "429 rate_limited"]);
    const refused = await owner.post("/webhook", { a: 1 });
    expect([refused.headers.get("retry-after"), refused.headers.get("ratelimit")]).toEqual(["6", '"default";r=0;t=6']);
    door.clock.advance(5_999);
    expect(await many(1, write(owner))).toEqual(["429 rate_limited"]);
    door.clock.advance(1);
    expect(await many(2, write(owner))).toEqual(["202", "429 rate_limited"]);
  });

  test("of one device, of another and of their address do not touch each other", async () => {
    await using door = await Door.open({ config: LIMITS });
    const [one, other] = [await door.paired(), await door.paired()];
    expect(await many(4, write(one))).toContain("429 rate_limited");
    expect(await many(1, write(other))).toEqual(["202"]);
    expect(await many(4, () => door.client().get("/nothing"))).toEqual([
      ...Array(3).fill("404 not_found"),
      "429 rate_limited",
    ]);
    expect(await many(1, write(other))).toEqual(["202"]);
  });

  test("count a stranger by its address, IPv6 by /64, and what cannot be read together", async () => {
    await using door = await Door.open({ config: LIMITS });
    const from = (address: string) => door.client(null, address).get("/api/status");
    for (const address of ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"])
      expect((await from(address)).status).toBe(200);
    expect((await from("2001:db8::4")).status).toBe(429);
    expect((await from("2001:db8:0:1::1")).status).toBe(200);
    for (const address of ["192.0.2.9", "::ffff:192.0.2.9", "192.0.2.9"])
      expect((await from(address)).status).toBe(200);
    expect((await from("::ffff:192.0.2.9")).status).toBe(429);
  });

  test("of reads with a token are ten times as large and apart; without a token a read counts in full", async () => {
    await using door = await Door.open({ config: LIMITS });
    const owner = await door.paired();
    await many(4, write(owner));
    const reads = await many(31, read(owner));
    expect(reads).toEqual([...Array(30).fill("200"), "429 rate_limited"]);
    expect((await owner.get("/api/devices")).headers.get("ratelimit-policy")).toBe('"reads";q=30;w=10');
    expect((await owner.request("HEAD", "/api/devices")).status).toBe(429);
    expect(await many(4, () => door.client().get("/api/status"))).toEqual(["200", "200", "200", "429 rate_limited"]);
  });

  test("count what is refused too: no address, a wrong method, no token, a code, a page of elsewhere", async () => {
    await using door = await Door.open({ config: LIMITS });
    const asked: readonly ((client: DoorClient) => Promise<{ status: number }>)[] = [
      (client) => client.get("/nothing"),
      (client) => client.request("PUT", "/webhook"),
      (client) => client.post("/webhook", { a: 1 }),
      (client) => client.get("/api/status", { Authorization: "Bearer WXYZ-1234-ABCD" }),
      (client) => client.get("/api/status", { Authorization: "Basic eDp5" }),
    ];
    for (const [i, ask] of asked.entries()) {
      const stranger = door.client(null, `198.51.100.${i}`);
      for (let n = 0; n < 3; n += 1) expect((await ask(stranger)).status).not.toBe(429);
      expect({ i, status: (await ask(stranger)).status }).toEqual({ i, status: 429 });
    }
  });

  test("are not used up by the preflights of a page that may ask, which bring no token", async () => {
    const config = `[gateway]\nallowed_origins = ["https://app.example"]\n${LIMITS}`;
    await using door = await Door.open({ config });
    const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "POST" };
    const ask = () => door.client().request("OPTIONS", "/api/message", undefined, headers);
    for (let n = 0; n < 10; n += 1) expect((await ask()).status).toBe(204);
  });

  test("do not exist where rate limits are off, but for pairing's", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const answer = await owner.post("/webhook", { a: 1 });
    expect([answer.headers.get("ratelimit"), answer.headers.get("ratelimit-policy")]).toEqual([null, null]);
    expect(new Set(await many(200, read(owner)))).toEqual(new Set(["200"]));
  });

  test("are kept for devices and shared by strangers past max_tracked_keys: it never fails open", async () => {
    await using door = await Door.open({ config: `${LIMITS}max_tracked_keys = 2\n` });
    const owner = await door.paired();
    const from = (i: number) => door.client(null, `203.0.113.${i}`).get("/api/status");
    expect((await from(1)).status).toBe(200);
    expect((await from(2)).status).toBe(200);
    const crowd = await Promise.all(Array.from({ length: 20 }, (_, i) => from(10 + i)));
    expect(crowd.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(await many(3, write(owner))).toEqual(["202", "202", "202"]);
  });
});

describe("wrong tokens", () => {
  test("are 401 thirty times a minute for an address, then 429, in a count of their own", async () => {
    await using door = await Door.open();
    const guesser = door.client(WRONG, "198.51.100.66");
    const seen = await many(31, () => guesser.get("/api/status"));
    expect(seen).toEqual([...Array(30).fill("401 unauthorized"), "429 too_many_bad_tokens"]);
    const refused = await guesser.get("/api/status");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await door.client(null, "198.51.100.66").post("/pair", { code: "AAAA-0000-AAAA" })).status).toBe(403);
    expect((await door.client(WRONG, "198.51.100.67").get("/api/status")).status).toBe(401);
  });

  test("of the same address never keep a valid one out, and a valid one is never counted", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const neighbour = door.client(owner.token, "198.51.100.66");
    await many(40, () => door.client(WRONG, "198.51.100.66").get("/api/status"));
    expect(await many(40, read(neighbour))).toEqual(Array(40).fill("200"));
  });

  test("are free again after a minute", async () => {
    await using door = await Door.open();
    const guesser = door.client(WRONG);
    await many(31, () => guesser.get("/api/status"));
    door.clock.advance(60_000);
    expect(await many(1, () => guesser.get("/api/status"))).toEqual(["401 unauthorized"]);
  });

  test("do not include pairing codes and what is no token at all, which are told what is wrong", async () => {
    await using door = await Door.open();
    expect(new Set(await many(40, () => door.client("WXYZ-1234-ABCD").get("/api/status")))).toEqual(
      new Set(["401 pair_first"]),
    );
    const basic = () => door.client().get("/api/status", { Authorization: "Basic eDp5" });
    expect(new Set(await many(40, basic))).toEqual(new Set(["401 unauthorized"]));
  });
});

describe("the order of refusals", () => {
  test("is: limit, browser, credentials, address, method, scope, body", async () => {
    await using door = await Door.open({ config: LIMITS });
    const ingest = await door.paired("ingest");
    const fresh = (i: number, token: string | null = null) => door.client(token, `198.51.100.${i}`);
    const code = async (asking: Promise<{ json: Readonly<Record<string, unknown>> }>) =>
      String((await asking).json["code"]);
    // Each request has the faults of all that come after it.
    expect(await code(fresh(1, WRONG).request("PUT", "/nothing", "{", FOREIGN))).toBe("forbidden_origin");
    expect(await code(fresh(2, WRONG).request("PUT", "/nothing", "{"))).toBe("unauthorized");
    expect(await code(fresh(3).request("PUT", "/nothing", "{"))).toBe("not_found");
    expect(await code(fresh(3).request("PUT", "/api/message", "{"))).toBe("method_not_allowed");
    expect(await code(fresh(3).request("POST", "/api/message", "{"))).toBe("unauthorized");
    expect(await code(fresh(3).request("PUT", "/nothing", "{", FOREIGN))).toBe("rate_limited");
    expect(await code(ingest.post("/api/message", "{"))).toBe("forbidden_scope");
    expect(await code(ingest.post("/webhook", "{", { "Content-Type": "application/json" }))).toBe("bad_json");
  });

  test("tells a page of elsewhere nothing about tokens, and gives it no CORS", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (const client of [owner, door.client(WRONG), door.client()]) {
      const refused = await client.get("/api/devices", FOREIGN);
      expect([refused.status, refused.json["code"]]).toEqual([403, "forbidden_origin"]);
      expect(refused.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(door.agent.turns).toHaveLength(0);
  });
});

describe("trusted proxies", () => {
  const PROXIED = '[gateway]\ntrusted_proxies = ["10.0.0.0/8"]\nallowed_hosts = ["gw.example"]\n';

  test("say whom a request comes from, and nobody else does", async () => {
    await using door = await Door.open({ config: `${PROXIED}${LIMITS}` });
    const via = (address: string, forwarded: string) =>
      door.client(null, address).get("/api/status", { "X-Forwarded-For": forwarded });
    for (let n = 0; n < 3; n += 1) expect((await via("10.0.0.1", "198.51.100.7")).status).toBe(200);
    expect((await via("10.0.0.1", "198.51.100.7")).status).toBe(429);
    expect((await via("10.0.0.1", "spoofed, 198.51.100.7")).status).toBe(429);
    expect((await via("10.0.0.1", "198.51.100.8")).status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect((await via("203.0.113.9", `198.51.100.${n}`)).status).toBe(200);
    expect((await via("203.0.113.9", "198.51.100.99")).status).toBe(429);
  });

  test("say under which host it was asked for, and nobody else does", async () => {
    await using door = await Door.open({ config: `${PROXIED}${"[gateway.rate_limit]\nenabled = false\n"}` });
    const ask = (address: string, forwarded: string, host: string) =>
      door.client(null, address).get("/api/status", { "X-Forwarded-Host": forwarded, Host: host });
    expect((await ask("10.0.0.1", "gw.example", "internal")).status).toBe(200);
    expect((await ask("10.0.0.1", "evil.example", "127.0.0.1")).status).toBe(421);
    expect((await ask("203.0.113.9", "gw.example", "evil.example")).status).toBe(421);
    expect((await ask("203.0.113.9", "evil.example", "gw.example")).status).toBe(200);
  });
});
