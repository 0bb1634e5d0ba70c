import { describe, expect, test } from "bun:test";
import { ConfigError } from "../../src/config/config-error.ts";
import { describeConfig, getKey, parseValue } from "../../src/config/describe.ts";
import { fixedKeys } from "../../src/config/keys.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Json } from "../../src/lib/json.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const HASH = "ab".repeat(32);
const FILE = `[gateway]
port = 1
paired_tokens = ["${HASH.toUpperCase()}"]
[agent]
api_key = "hunter2"
[store]
url = "sqlite:other.db"
[channels.github]
secret = "env:HUNTER"
access_token = "env:NOT_THERE"
[channels.shop]
scheme = "hmac"
secrets = ["hunter2", "hunter2"]
`;

async function loaded() {
  await Bun.write(folder.file(), FILE);
  return loadConfig({ dir: folder.path, env: { HUNTER: "hunter2", ZEROCLAW_GATEWAY__HOST: "::1" } });
}

function errorOf(task: () => unknown): ConfigError {
  try {
    task();
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("Expected a ConfigError");
}

describe("describeConfig", () => {
  test("has a row for every key, with its value, source, default and words", async () => {
    const rows = describeConfig(await loaded());

    expect(rows.slice(0, fixedKeys().length).map(({ key }) => key)).toEqual([...fixedKeys()]);
    expect(rows.find(({ key }) => key === "gateway.port")).toEqual({
      key: "gateway.port",
      value: 1,
      source: "file",
      default: 8585,
      allowed: "a whole number from 0 to 65535 (0: a random free port)",
      about: "Listen port",
    });
    expect(rows.find(({ key }) => key === "gateway.host")).toMatchObject({ value: "::1", source: "environment" });
    expect(rows.find(({ key }) => key === "agent.model")).toMatchObject({ value: null, source: null, default: null });
    expect(rows.find(({ key }) => key === "channels.github.reply")).toMatchObject({ value: false, source: "default" });
    expect(rows.filter(({ key }) => key.startsWith("channels.")).every(({ key }) => /github|shop/.test(key))).toBe(
      true,
    );
  });

  test("shows no secret, only whether there is one; hashes are none", async () => {
    const rows = describeConfig(await loaded());
    const value = (key: string) => rows.find((row) => row.key === key)?.value;

    expect(JSON.stringify(rows)).not.toContain("hunter2");
    expect(
      ["agent.api_key", "channels.github.secret", "channels.github.access_token", "channels.shop.secrets"].map(value),
    ).toEqual(["[set]", "[set]", "[set]", "[set]"]);
    expect(value("channels.shop.secret")).toBe("[not set]");
    expect(value("gateway.paired_tokens")).toEqual([HASH]);
  });
});

describe("getKey", () => {
  test.each([
    ["gateway.port", 1],
    ["gateway.paired_tokens", [HASH]],
    ["agent.model", null],
    ["agent.api_key", "[set]"],
    ["channels.shop.scheme", "hmac"],
    ["channels.whatsapp.app_secret", "[not set]"],
    ["store", { url: "sqlite:other.db", retention_days: 30 }],
    ["gateway.idempotency", { enabled: true, max_keys: 10_000 }],
  ] as [string, Json][])("of %s is %p", async (key, value) => {
    expect(getKey(await loaded(), key)).toEqual(value);
  });

  test("of a table is an object with the tables in it", async () => {
    expect(getKey(await loaded(), "gateway")).toMatchObject({ port: 1, rate_limit: { enabled: true } });
    expect(getKey(await loaded(), "channels")).toMatchObject({ github: { secret: "[set]" }, shop: { scheme: "hmac" } });
  });

  test.each([
    ["gateway.prot", "gateway.port"],
    ["gatway.port", "gateway.port"],
    ["port", "gateway.port"],
    ["channels.github.secrt", "channels.github.secret"],
    ["gateway.webhook_rate_limit_per_minute", "gateway.rate_limit.max_requests_per_window"],
  ])("does not know %s and names %s", async (key, nearest) => {
    const config = await loaded();

    expect(errorOf(() => getKey(config, key))).toMatchObject({ key, nearest });
    expect(errorOf(() => getKey(config, key)).message).toStartWith("Cannot find the setting: ");
  });

  test.each(["", "nothing.like.it", "__proto__", "constructor"])("does not know %p", async (key) => {
    const config = await loaded();

    expect(errorOf(() => getKey(config, key)).message).toContain(`unknown key "${key}"`);
  });

  test("tells which channels there are when one is not configured", async () => {
    const config = await loaded();

    expect(errorOf(() => getKey(config, "channels.sop")).message).toBe(
      'Cannot find the setting: there is no channel "sop"\nConfigured: github, shop.',
    );
  });
});

describe("parseValue", () => {
  test("reads text as its key's value", () => {
    expect(parseValue("gateway.port", "9090")).toBe(9090);
    expect(parseValue("gateway.trusted_proxies", "10.0.0.0/8,::1")).toEqual(["10.0.0.0/8", "::1"]);
    expect(parseValue("channels.shop.scheme", "stripe")).toBe("stripe");
  });

  test("says why a value is not allowed", () => {
    const error = errorOf(() => parseValue("gateway.port", "high"));

    expect(error).toMatchObject({
      key: "gateway.port",
      allowed: "a whole number from 0 to 65535 (0: a random free port)",
    });
    expect(error.message).toBe(
      'Cannot use that value: "gateway.port" must be a whole number from 0 to 65535 (0: a random free port) (found "high")',
    );
  });

  test("says which key was probably meant", () => {
    expect(errorOf(() => parseValue("gateway.prot", "1")).nearest).toBe("gateway.port");
  });
});
