import { describe, expect, test } from "bun:test";
import { channelKind, findSetting, isChannelName, isTable, keys, pathOf, valueKind } from "../../src/config/keys.ts";

describe("findSetting", () => {
  test.each([
    ["gateway.port", "Listen port"],
    ["gateway.rate_limit.enabled", "Limit how often each client may ask"],
    ["channels.github.reply", "Answer with a comment"],
    ["channels.whatsapp.app_secret", "The app's secret, which signs deliveries"],
    ["channels.my-shop.scheme", "How deliveries prove who sent them"],
    ["channels.my-shop.max_body", "Largest body, in bytes (github 25 MB, whatsapp 3 MB, others 64 KB)"],
    ["channels.github.prompts", "The same for single event types, e.g. push or issues.opened"],
    [
      "channels.github.prompts.issues.opened",
      "The same for single event types, e.g. push or issues.opened (issues.opened)",
    ],
  ])("knows %p", (key, about) => {
    expect(findSetting(key)?.about).toBe(about);
  });

  test.each([
    "",
    "port",
    "gateway",
    "gateway.",
    "gateway.rate_limit",
    "gateway.constructor",
    "__proto__.x",
    "constructor.name",
    "channels",
    "channels.github",
    "channels.github.scheme",
    "channels.Bad.scheme",
    "channels.a.b.scheme",
    "channels.x.__proto__",
    "channels.webhook.scheme",
    "channels.github.prompts.",
    "channels.Bad.prompts.push",
    "channels.github.secret.push",
    "gateway.prompts.push",
  ])("does not know %p", (key) => {
    expect(findSetting(key)).toBeNull();
  });

  test("knows every key that `keys` lists", () => {
    for (const key of keys()) expect(findSetting(key.replace("<name>", "shop"))).not.toBeNull();
    expect(new Set(keys()).size).toBe(keys().length);
    expect(keys()).toContain("channels.<name>.scheme");
  });
});

test.each([
  ["shop", true],
  ["0", true],
  ["my-shop_2", true],
  ["x".repeat(64), true],
  ["x".repeat(65), false],
  ["", false],
  ["-shop", false],
  ["Shop", false],
  ["my shop", false],
  ["shöp", false],
  ["a.b", false],
  ["webhook", false],
])("`isChannelName` says of %p: %p", (name, allowed) => {
  expect(isChannelName(name)).toBe(allowed);
});

test("`channelKind` knows two names, and every other is custom", () => {
  expect(["whatsapp", "github", "shop", "constructor"].map(channelKind)).toEqual([
    "whatsapp",
    "github",
    "custom",
    "custom",
  ]);
});

test("`isTable` knows tables, not keys", () => {
  expect(["gateway", "gateway.rate_limit", "channels", "channels.shop"].every(isTable)).toBe(true);
  expect(["gateway.port", "channels.Shop", "toString", "", "channels.shop.x"].some(isTable)).toBe(false);
});

test.each([
  ["gateway.port", "number"],
  ["gateway.wait_seconds", "number"],
  ["gateway.host", "text"],
  ["gateway.allowed_hosts", "list"],
  ["gateway.rate_limit.enabled", "switch"],
  ["agent.kind", "text"],
  ["channels.github.prompts", "table"],
  ["channels.github.prompts.push", "text"],
] as const)("`valueKind` of %s is %s", (key, kind) => {
  expect(valueKind(findSetting(key)!)).toBe(kind); // the key is one of ours
});

test.each([
  ["gateway.port", ["gateway", "port"]],
  ["channels.github.prompts", ["channels", "github", "prompts"]],
  ["channels.github.prompts.push", ["channels", "github", "prompts", "push"]],
  ["channels.github.prompts.issues.opened", ["channels", "github", "prompts", "issues.opened"]],
  ["channels.prompts.secret", ["channels", "prompts", "secret"]],
  ["unknown.a.b.c", ["unknown", "a", "b", "c"]],
])("`pathOf` says where %p stands", (key, path) => {
  expect(pathOf(key)).toEqual(path);
});
