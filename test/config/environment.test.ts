import { describe, expect, test } from "bun:test";
import { environmentName, readEnvironment } from "../../src/config/environment.ts";
import { fixedKeys } from "../../src/config/keys.ts";

const values = (env: Record<string, string>, channels: readonly string[] = []) =>
  Object.fromEntries(readEnvironment(env, channels).values);

describe("readEnvironment", () => {
  test("reads settings by table and key", () => {
    const env = {
      ZEROCLAW_GATEWAY__PORT: "9090",
      ZEROCLAW_GATEWAY__RATE_LIMIT__ENABLED: "false",
      ZEROCLAW_GATEWAY__ALLOWED_ORIGINS: "https://a.example,https://b.example",
      ZEROCLAW_V1__MAX_BODY: "2048",
    };

    expect(values(env)).toEqual({
      "gateway.port": 9090,
      "gateway.rate_limit.enabled": false,
      "gateway.allowed_origins": ["https://a.example", "https://b.example"],
      "v1.max_body": 2048,
    });
  });

  test("finds every fixed key under the name that `environmentName` gives it", () => {
    for (const key of fixedKeys()) {
      const { problems } = readEnvironment({ [environmentName(key)]: "\u0000" }, []);
      const { values: read } = readEnvironment({ [environmentName(key)]: "1" }, []);

      expect([...read.keys(), ...problems.map((each) => each.key)]).toContain(key);
    }
  });

  test("ignores empty values, other names and names without a table", () => {
    const env = {
      ZEROCLAW_GATEWAY__PORT: "",
      PORT: "1",
      HOST: "x",
      API_KEY: "k",
      GATEWAY__PORT: "2",
      ZEROCLAW_LOG: "debug",
    };

    expect(readEnvironment(env, [])).toEqual({ values: new Map(), channels: [], problems: [], warnings: [] });
  });

  test("takes a channel's name from the variable, and its dashes from the file", () => {
    const env = { ZEROCLAW_CHANNELS__MY_SHOP__SECRET: "s", ZEROCLAW_CHANNELS__GITHUB__SECRET: "g" };

    expect(values(env)).toEqual({ "channels.my_shop.secret": "s", "channels.github.secret": "g" });
    expect(values(env, ["my-shop"])).toHaveProperty(["channels.my-shop.secret"], "s");
    expect(values(env, ["my-shop", "my_shop"])).toHaveProperty(["channels.my_shop.secret"], "s");
    expect(values({ ZEROCLAW_CHANNELS__A__B__SECRET: "s" })).toEqual({ "channels.a__b.secret": "s" });
    expect(readEnvironment(env, []).channels).toEqual(["my_shop", "github"]);
  });

  test.each([
    ["ZEROCLAW_GATEWAY__PROT", "ZEROCLAW_GATEWAY__PORT"],
    ["ZEROCLAW_GATEWAY__RATELIMIT__ENABLED", "ZEROCLAW_GATEWAY__RATE_LIMIT__ENABLED"],
    ["ZEROCLAW_gateway__port", "ZEROCLAW_GATEWAY__PORT"],
    ["ZEROCLAW_CHANNELS__GITHUB__SECRT", "ZEROCLAW_CHANNELS__GITHUB__SECRET"],
    ["ZEROCLAW_CHANNELS__SHOP__SCHEM", "ZEROCLAW_CHANNELS__SHOP__SCHEME"],
  ])("refuses %s and names %s", (name, nearest) => {
    const { problems } = readEnvironment({ [name]: "1" }, []);

    expect(problems).toMatchObject([{ key: name, where: `the environment variable ${name}`, nearest }]);
  });

  test.each(["ZEROCLAW_FOO__BAR", "ZEROCLAW___", "ZEROCLAW_CHANNELS__X", "ZEROCLAW_CHANNELS____SECRET"])(
    "refuses %s without a suggestion",
    (name) => {
      expect(readEnvironment({ [name]: "1" }, []).problems).toMatchObject([{ key: name }]);
    },
  );

  test("names the variable whose value is not allowed, and shows no secret", () => {
    const { problems } = readEnvironment(
      { ZEROCLAW_GATEWAY__PORT: "high", ZEROCLAW_GATEWAY__PAIRED_TOKENS: "zc_hunter2" },
      [],
    );

    expect(problems.map(({ where }) => where)).toEqual([
      "the environment variable ZEROCLAW_GATEWAY__PORT",
      "the environment variable ZEROCLAW_GATEWAY__PAIRED_TOKENS",
    ]);
    expect(problems[0]?.detail).toContain('(found "high")');
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("refuses paired tokens, which live in the file alone, whatever their value", () => {
    const { problems, values } = readEnvironment({ ZEROCLAW_GATEWAY__PAIRED_TOKENS: `zc_${"0a".repeat(32)}` }, []);

    expect(values.size).toBe(0);
    expect(problems).toMatchObject([
      { key: "gateway.paired_tokens", detail: expect.stringContaining("config.toml only") },
    ]);
    expect(JSON.stringify(problems)).not.toContain("0a0a");
  });

  test("warns about variables of the Rust ZeroClaw", () => {
    expect(readEnvironment({ ZEROCLAW_GATEWAY_PORT: "1" }, [])).toMatchObject({
      problems: [],
      warnings: [
        "ZEROCLAW_GATEWAY_PORT is a variable of the Rust ZeroClaw and is not read; the gateway's is ZEROCLAW_GATEWAY__PORT",
      ],
    });
  });
});
