import { describe, expect, test } from "bun:test";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { configDir, configPath, displayPath } from "../../src/config/paths.ts";

describe("configDir", () => {
  test.each([
    [{ ZEROCLAW_CONFIG_DIR: "/srv/zeroclaw", HOME: "/home/ada" }, "/srv/zeroclaw"],
    [{ HOME: "/home/ada" }, "/home/ada/.zeroclaw"],
    [{ ZEROCLAW_CONFIG_DIR: "", HOME: "/home/ada" }, "/home/ada/.zeroclaw"],
    [{ HOME: "", USERPROFILE: "/users/ada" }, "/users/ada/.zeroclaw"],
    [{ ZEROCLAW_CONFIG_DIR: "~/gateway", HOME: "/home/ada" }, "/home/ada/gateway"],
    [{ ZEROCLAW_CONFIG_DIR: "~", HOME: "/home/ada" }, "/home/ada"],
    [{ ZEROCLAW_CONFIG_DIR: "~other/x", HOME: "/home/ada" }, resolve("~other/x")],
    [{ ZEROCLAW_CONFIG_DIR: "relative" }, resolve("relative")],
    [{}, join(homedir(), ".zeroclaw")],
  ])("of %p is %p", (env, dir) => {
    expect(configDir(env)).toBe(dir);
  });
});

test("`configPath` is config.toml in the folder", () => {
  expect(configPath("/srv/zeroclaw")).toBe("/srv/zeroclaw/config.toml");
});

test.each([
  ["/home/ada/.zeroclaw/config.toml", "/home/ada", "~/.zeroclaw/config.toml"],
  ["/home/adam/config.toml", "/home/ada", "/home/adam/config.toml"],
  ["/srv/config.toml", "/", "/srv/config.toml"],
])("`displayPath` writes %p at home in %p as %p", (path, home, shown) => {
  expect(displayPath(path, { HOME: home })).toBe(shown);
});
