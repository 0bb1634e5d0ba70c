import { describe, expect, test } from "bun:test";
import { ConfigError, type ConfigProblem, ConfigReadOnly } from "../../src/config/config-error.ts";

const problem = (n: number): ConfigProblem => ({
  key: `k${n}`,
  where: `line ${n}`,
  line: n,
  detail: `bad ${n}`,
  hint: "mend it",
});

describe("ConfigError", () => {
  test("with one problem is a sentence and, below it, what to do", () => {
    const error = new ConfigError("Cannot read", [problem(1)]);

    expect(error.message).toBe("Cannot read: line 1: bad 1\nmend it");
    expect(error).toMatchObject({ name: "ConfigError", key: "k1", line: 1, column: undefined, nearest: undefined });
  });

  test("leaves out a place that goes without saying", () => {
    expect(new ConfigError("Cannot set", [{ key: "k", where: "", detail: "bad" }]).message).toBe("Cannot set: bad");
  });

  test("with several problems tells each of them, 20 at most", () => {
    const [first, ...rest] = Array.from({ length: 25 }, (_, i) => problem(i + 1));
    const error = new ConfigError("Cannot read", [first!, ...rest]); // there are 25

    expect(error.message.split("\n")).toHaveLength(1 + 20 * 2 + 1);
    expect(error.message).toStartWith("Cannot read: 25 things are wrong.\n  line 1: bad 1\n    mend it\n  line 2:");
    expect(error.message).toEndWith("\n  and 5 more");
    expect(error.problems).toHaveLength(25);
  });
});

test("`ConfigReadOnly` names the path, the reason and what to do", () => {
  const error = new ConfigReadOnly("/srv/config.toml", "EROFS");

  expect(error.name).toBe("ConfigReadOnly");
  expect(error.message).toBe(
    'Cannot write the configuration: "/srv/config.toml" is read-only (EROFS). Make it writable for the user of the ' +
      "gateway, or point ZEROCLAW_CONFIG_DIR to a folder that is.",
  );
});
