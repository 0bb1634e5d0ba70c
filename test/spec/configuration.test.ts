import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { rawRequest } from "../support/raw-http.ts";
import { linesBetween } from "./page.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const BLOCK = `${linesBetween("[gateway]", "Integration with Channels").join("\n")}\n`;
const SETTINGS = [
  ["gateway.host", "127.0.0.1"],
  ["gateway.port", 8585],
  ["gateway.paired_tokens", []],
  ["gateway.rate_limit.enabled", true],
  ["gateway.rate_limit.max_requests_per_window", 60],
  ["gateway.rate_limit.window_seconds", 60],
  ["gateway.rate_limit.max_tracked_keys", 10_000],
  ["gateway.idempotency.enabled", true],
  ["gateway.idempotency.max_keys", 10_000],
] as const;

describe.each(SUBJECTS)("Configuration (%s)", (_name, command) => {
  test("the page's block is accepted as it stands, every line of it", async () => {
    await using gateway = await GatewayProcess.start(command, { config: BLOCK });
    expect(await gateway.command("config", "check")).toMatchObject({ code: 0, stdout: "ok\n", stderr: "" });
    for (const [key, value] of SETTINGS) {
      const { code, stdout } = await gateway.command("config", "get", key, "--json");
      expect({ key, code, value: JSON.parse(stdout) }).toEqual({ key, code: 0, value });
    }
    expect(await gateway.config()).toBe(BLOCK); // a start changes nothing in it
  });

  test("the first start makes config.toml with the page's block in it, for its owner alone to read", async () => {
    await using gateway = await GatewayProcess.start(command);
    const text = await gateway.config();
    expect(parse(text)).toEqual(parse(BLOCK));
    for (const comment of BLOCK.match(/# .*/g) ?? []) expect(text).toContain(comment);
    const info = await stat(join(gateway.dir, "config.toml"));
    expect((info.mode & 0o777).toString(8)).toBe("600");
  });

  test("paired_tokens is managed automatically: pairing adds a hash and leaves every other character alone", async () => {
    await using gateway = await GatewayProcess.start(command, { config: `# mine\n${BLOCK}\n# the end\n` });
    const token = await gateway.pair();
    const text = await gateway.config();
    const [, hash = ""] = /paired_tokens = \["([0-9a-f]{64})"\]/.exec(text) ?? [];
    expect(hash).toBe(new Bun.CryptoHasher("sha256").update(token).digest("hex"));
    expect(text).not.toContain(token);
    const unpadded = (toml: string) => toml.replace(/ +#/g, " #");
    expect(unpadded(text.replace(`"${hash}"`, ""))).toBe(unpadded(`# mine\n${BLOCK}\n# the end\n`));
  });

  test("rate_limit.enabled = false: nobody is counted, and nobody is told of a limit", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: BLOCK.replace("enabled = true", "enabled = false"),
    });
    const owner = await gateway.owner();
    for (let i = 0; i < 70; i += 1) {
      const { status, headers } = await owner.post("/webhook", { i });
      expect({ status, limit: headers.get("ratelimit") }).toEqual({ status: 202, limit: null });
    }
  });

  test("rate_limit.max_requests_per_window is how many a client has", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: BLOCK.replace("max_requests_per_window = 60", "max_requests_per_window = 3"),
    });
    const owner = await gateway.owner();
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await owner.post("/webhook", { i })).status);
    expect(statuses).toEqual([202, 202, 202, 429, 429]);
  });

  test("rate_limit.window_seconds is how long a request counts", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: BLOCK.replace("max_requests_per_window = 60", "max_requests_per_window = 1").replace(
        "window_seconds = 60",
        "window_seconds = 1",
      ),
    });
    const owner = await gateway.owner();
    expect((await owner.post("/webhook", {})).headers.get("ratelimit-policy")).toBe('"default";q=1;w=1');
    await Bun.sleep(1_100); // the window itself is waited for, in a process whose clock is the real one
    expect((await owner.post("/webhook", {})).status).toBe(202);
  });

  test("rate_limit.max_tracked_keys: clients past it share one window, and never get more than one", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: "[gateway.rate_limit]\nmax_requests_per_window = 2\nmax_tracked_keys = 1\n",
    });
    const ask = async (from: string) => (await rawRequest(gateway.port, { path: "/api/status", from })).status;
    expect([await ask("127.0.0.11"), await ask("127.0.0.11"), await ask("127.0.0.11")]).toEqual([200, 200, 429]);
    expect([await ask("127.0.0.12"), await ask("127.0.0.13"), await ask("127.0.0.14")]).toEqual([200, 200, 429]);
    const owner = await gateway.owner();
    expect((await owner.post("/webhook", {})).status).toBe(202); // a device has a window of its own all the same
  });

  test("idempotency.enabled = false: a key means nothing", async () => {
    await using gateway = await GatewayProcess.start(command, { config: "[gateway.idempotency]\nenabled = false\n" });
    const owner = await gateway.owner();
    const key = { "Idempotency-Key": "once" };
    const first = await owner.post("/webhook", { a: 1 }, key);
    const second = await owner.post("/webhook", { a: 1 }, key);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.field("event_id")).not.toBe(first.field("event_id"));
  });

  test("idempotency.max_keys bounds memory, not what is remembered: older keys are found on disk", async () => {
    await using gateway = await GatewayProcess.start(command, { config: "[gateway.idempotency]\nmax_keys = 1\n" });
    const owner = await gateway.owner();
    const post = (key: string) => owner.post("/webhook", { key }, { "Idempotency-Key": key });
    const first = await post("a");
    for (const key of ["b", "c", "d"]) await post(key);
    expect((await post("a")).json).toEqual(first.json);
    expect((await owner.get("/api/events")).rows("events")).toHaveLength(4);
  });
});
