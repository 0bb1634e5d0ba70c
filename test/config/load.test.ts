import { describe, expect, test } from "bun:test";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { ConfigError } from "../../src/config/config-error.ts";
import { fixedKeys } from "../../src/config/keys.ts";
import { loadConfig } from "../../src/config/load.ts";
import { sha256Hex } from "../../src/lib/hash.ts";
import { useFolder } from "./folder.ts";
import { tomlDocument } from "./toml-documents.ts";

const folder = useFolder();
const FIXTURES = join(import.meta.dir, "../fixtures/config");

async function load(
  text: string,
  options: { env?: Record<string, string>; flags?: { port?: number; host?: string } } = {},
) {
  await Bun.write(folder.file(), text);
  await chmod(folder.file(), 0o600);
  return loadConfig({ dir: folder.path, env: { HOME: folder.path, ...options.env }, flags: options.flags ?? {} });
}

async function errorOf(text: string, options: Parameters<typeof load>[1] = {}): Promise<ConfigError> {
  const error: unknown = await load(text, options).catch((each: unknown) => each);
  if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${String(error)}`);
  return error;
}

describe("loadConfig", () => {
  test("without a file gives the defaults", async () => {
    const { config, exists, sources, warnings, path, readOnly } = await loadConfig({ dir: folder.path, env: {} });

    expect(config.gateway).toEqual({
      host: "127.0.0.1",
      port: 8585,
      paired_tokens: [],
      public_url: "",
      allowed_origins: [],
      allowed_hosts: [],
      trusted_proxies: [],
      wait_seconds: 25,
      rate_limit: { enabled: true, max_requests_per_window: 60, window_seconds: 60, max_tracked_keys: 10_000 },
      idempotency: { enabled: true, max_keys: 10_000 },
    });
    expect(config.agent.kind).toBe("operator");
    expect(config.agent.api_key).toBeUndefined();
    expect(config.store).toEqual({ url: "sqlite:state.db", retention_days: 30 });
    expect(Object.keys(config.channels)).toEqual([]);
    expect({ exists, warnings, path, readOnly }).toEqual({
      exists: false,
      warnings: [],
      path: folder.file(),
      readOnly: false,
    });
    expect(new Set(sources.values())).toEqual(new Set(["default"]));
  });

  test("without a folder gives the defaults as well", async () => {
    const { exists, readOnly } = await loadConfig({ dir: folder.file("not/there"), env: {} });

    expect({ exists, readOnly }).toEqual({ exists: false, readOnly: false });
  });

  test("reads the published page's file", async () => {
    const page = await load(await Bun.file(join(FIXTURES, "page.toml")).text());
    const defaults = await loadConfig({ dir: folder.file("none"), env: {} });

    expect(page.config).toEqual(defaults.config);
    expect([...page.sources].filter(([, source]) => source === "file").map(([key]) => key)).toEqual([
      "gateway.host",
      "gateway.port",
      "gateway.paired_tokens",
      "gateway.rate_limit.enabled",
      "gateway.rate_limit.max_requests_per_window",
      "gateway.rate_limit.window_seconds",
      "gateway.rate_limit.max_tracked_keys",
      "gateway.idempotency.enabled",
      "gateway.idempotency.max_keys",
    ]);
  });

  test("takes a flag before the environment, that before the file, and that before the default", async () => {
    const text = "[gateway]\nport = 1\nhost = '::1'\nwait_seconds = 3\n";
    const env = { ZEROCLAW_GATEWAY__PORT: "2", ZEROCLAW_GATEWAY__HOST: "::2" };
    const { config, sources } = await load(text, { env, flags: { port: 0 } });

    expect([config.gateway.port, config.gateway.host, config.gateway.wait_seconds]).toEqual([0, "::2", 3]);
    expect(["port", "host", "wait_seconds", "public_url"].map((key) => sources.get(`gateway.${key}`))).toEqual([
      "flag",
      "environment",
      "file",
      "default",
    ]);
    expect(sources.has("agent.model")).toBe(false);
  });

  test("reads every spelling of a table and a key", async () => {
    const text = await Bun.file(join(FIXTURES, "spellings.toml")).text();
    const { config, channelFaults } = await load(text, { env: { GITHUB_WEBHOOK_SECRET: "s3cret" } });

    expect([config.gateway.port, config.gateway.rate_limit.max_requests_per_window]).toEqual([8080, 60]);
    expect(config.agent.command).toEqual(["my-agent", "--acp"]);
    expect(config.channels["github"]).toMatchObject({ secret: "s3cret", allowed_repos: ["owner/*"], reply: false });
    expect(config.channels["my-shop"]).toEqual({
      scheme: "hmac",
      secrets: ["one", "two"],
      reply_private: false,
    });
    expect(channelFaults.size).toBe(0);
  });

  test("hashes a token that a person wrote in plaintext", async () => {
    const [hash, token] = ["AB".repeat(32), `zc_${"cd".repeat(32)}`];
    const { config } = await load(`[gateway]\npaired_tokens = ["${hash}", "${token}"]\n`);

    expect(config.gateway.paired_tokens).toEqual(["ab".repeat(32), sha256Hex(token)]);
  });

  test("finds no channel under the names that every object has", async () => {
    const { config } = await load("[channels.constructor]\nscheme = 'hmac'\nsecret = 's'\n");

    expect(config.channels["constructor"]).toEqual({ scheme: "hmac", secret: "s", reply_private: false });
    expect(config.channels["toString"]).toBeUndefined();
    expect(Object.getPrototypeOf(config.channels)).toBeNull();
  });

  test("reads through a symbolic link", async () => {
    await Bun.write(folder.file("elsewhere.toml"), "[gateway]\nport = 7\n");
    await symlink(folder.file("elsewhere.toml"), folder.file());

    expect((await loadConfig({ dir: folder.path, env: {} })).config.gateway.port).toBe(7);
  });
});

describe("loadConfig refuses", () => {
  test("an unknown key with its line, the nearest key and what the table takes", async () => {
    const error = await errorOf('[gateway]\nhost = "127.0.0.1"\n\n# port = 1\n\n\nprot = 1\n');

    expect(error).toMatchObject({ name: "ConfigError", key: "gateway.prot", line: 7, nearest: "gateway.port" });
    expect(error.message).toBe(
      'Cannot read the configuration: ~/config.toml line 7: unknown key "gateway.prot". Did you mean "gateway.port"?\n' +
        "[gateway] takes: host, port, paired_tokens, public_url, allowed_origins, allowed_hosts, trusted_proxies, wait_seconds.",
    );
  });

  test("a value that is not allowed, with what is", async () => {
    const error = await errorOf("[gateway.rate_limit]\nenabled = 'yes'\n");

    expect(error).toMatchObject({ key: "gateway.rate_limit.enabled", line: 2, allowed: "true or false" });
    expect(error.message).toContain('"gateway.rate_limit.enabled" must be true or false (found "yes")');
    expect(error.message).toEndWith("The default is true: zeroclaw config unset gateway.rate_limit.enabled");
  });

  test("everything that is wrong at once, in the order of the lines", async () => {
    const error = await errorOf("[gateway]\nport = -1\n[agent]\nkind = 'x'\n[channels.a]\nsecret = 1\n", {
      env: { ZEROCLAW_GATEWAY__PRT: "1" },
      flags: { port: 70_000, host: "" },
    });

    expect(error.problems.map(({ key, line }) => [key, line])).toEqual([
      ["gateway.port", 2],
      ["agent.kind", 4],
      ["channels.a.scheme", 5],
      ["channels.a.secret", 6],
      ["ZEROCLAW_GATEWAY__PRT", undefined],
      ["gateway.port", undefined],
      ["gateway.host", undefined],
    ]);
    expect(error.message).toStartWith("Cannot read the configuration: 7 things are wrong.\n  ~/config.toml line 2: ");
    expect(error.message).toContain('\n  --port: "gateway.port" must be');
  });

  test.each([
    ["gateway = 1\n", "gateway", 1],
    ["[[gateway]]\nport = 1\n", "gateway", 1],
    ["gateway = 1979-05-27\n", "gateway", 1],
    ["[gateway]\nrate_limit = true\n", "gateway.rate_limit", 2],
    ["channels = []\n", "channels", 1],
    ["[channels]\ngithub = 'x'\n", "channels.github", 2],
    ["# c\n[channels.'Bad Name']\n", "channels.Bad Name", 2],
    ["[channels.webhook]\n", "channels.webhook", 1],
    ["[channels.github]\nscheme = 'hmac'\n", "channels.github.scheme", 2],
    ["[channels.telegram.main]\ntoken = 'x'\n", "channels.telegram.main", 1],
    ["[gateway]\n'__proto__' = 1\n", "gateway.__proto__", 2],
    ['[gateway]\n"rate_limit.enabled" = true\n', "gateway.rate_limit.enabled", 2],
    ["[gateway.idempotency.more]\nx = 1\n", "gateway.idempotency.more", 1],
    ["[store]\nurl = 'sqlite:../x'\n", "store.url", 2],
  ])("%p at %s", async (text, key, line) => {
    expect(await errorOf(text)).toMatchObject({ key, line });
  });

  test("an unknown key on its own line, wherever it stands in whatever document", async () => {
    const values = fc.constantFrom("1", '"""\nprot = 2\n"""', "[\n 1,\n]", "{ x = 1 }");
    const spelling = fc.constantFrom(
      (value: string) => `gateway.zzz = ${value}\n`,
      (value: string) => `"gateway" . 'zzz' = ${value}\n`,
      (value: string) => `[gateway]\nzzz = ${value}\n`,
      (value: string) => `[ "gateway" ]\nport = 1\n"z\\u007az" = ${value} # zzz\n`,
      (value: string) => `gateway = { port = 1, zzz = ${value} }\n`,
    );
    await fc.assert(
      fc.asyncProperty(tomlDocument, spelling, values, async ({ text }, spell, value) => {
        const start = text.startsWith("\ufeff") ? 1 : 0;
        const snippet = spell(value);
        const header = snippet.startsWith("[");
        // Keys of the root stand above the first header, a table stands below everything.
        const whole = header ? `${text}\n${snippet}` : text.slice(0, start) + snippet + text.slice(start);
        const key = snippet.search(/zzz|z\\u007az|'zzz'/);
        const line = (header ? `${text}\n` : "").split("\n").length - 1 + snippet.slice(0, key).split("\n").length;

        expect(await errorOf(whole)).toMatchObject({ key: "gateway.zzz", line });
      }),
      { numRuns: 100 },
    );
  });

  test("text that is no TOML, with line and column", async () => {
    const error = await errorOf("[gateway]\nport = = 1\n");

    expect(error).toMatchObject({ line: 2, column: 8, key: "" });
    expect(error.message).toStartWith(
      "Cannot read the configuration: ~/config.toml line 2, column 8: Expected a value",
    );
  });

  test("text that was left by an interrupted write, and points to the backup", async () => {
    await Bun.write(folder.file("config.toml.bak"), "[gateway]\nport = 1\n");

    expect((await errorOf("[gateway]\nport = 1\n1\n")).message).toContain(
      "~/config.toml.bak was left by an interrupted write",
    );
  });

  test("the Rust ZeroClaw's keys with their replacement, or with why there is none", async () => {
    const error = await errorOf(await Bun.file(join(FIXTURES, "rust.toml")).text());

    expect(error.problems.map(({ key, line, nearest }) => [key, line, nearest])).toEqual([
      ["gateway.require_pairing", 16, undefined],
      ["gateway.allow_public_bind", 17, undefined],
      ["gateway.pair_rate_limit_per_minute", 19, undefined],
      ["gateway.webhook_rate_limit_per_minute", 20, "gateway.rate_limit.max_requests_per_window"],
      ["gateway.trust_forwarded_headers", 21, "gateway.trusted_proxies"],
      ["gateway.rate_limit_max_keys", 22, "gateway.rate_limit.max_tracked_keys"],
      ["gateway.idempotency_ttl_secs", 23, undefined],
      ["gateway.idempotency_max_keys", 24, "gateway.idempotency.max_keys"],
      ["gateway.node_control", 26, undefined],
    ]);
    expect(error.message).toContain("pairing is always required");
  });

  test("a token that is none, by its place and without showing it", async () => {
    const error = await errorOf(`[gateway]\npaired_tokens = [\n "${"ab".repeat(32)}",\n "zc_${"f".repeat(60)}",\n]\n`);

    expect(error.message).toContain("entry 2 is neither a hash (64 hex digits) nor a token (zc_ and 64 hex digits)");
    expect(error.message).not.toContain("fff");
    expect(error.message).toContain("Take that entry out of the list.");
    expect(error.message).not.toContain("config unset");
  });

  test("files that are too large, no text, no file or not there", async () => {
    expect((await errorOf(`# ${"x".repeat(1_048_576)}`)).message).toContain(
      "it has 1048578 bytes, and at most 1048576 are allowed",
    );
    await Bun.write(
      folder.file(),
      Buffer.concat([Buffer.from("# one\n# "), Buffer.of(0xff), Buffer.from("\n# three\n")]),
    );
    const opened = () => loadConfig({ dir: folder.path, env: {} });
    await expect(opened()).rejects.toMatchObject({ name: "ConfigError", line: 2 });
    await mkdir(folder.file("sub/config.toml"), { recursive: true });
    await expect(loadConfig({ dir: folder.file("sub"), env: {} })).rejects.toThrow("it is not a file");
    await mkdir(folder.file("dangling"));
    await symlink(folder.file("nowhere"), folder.file("dangling/config.toml"));
    await expect(loadConfig({ dir: folder.file("dangling"), env: {} })).rejects.toThrow(
      "a symbolic link to a file that does not exist",
    );
  });

  test("an agent's key that points to nothing", async () => {
    expect(await errorOf("[agent]\napi_key = 'env:NOPE'\n")).toMatchObject({ key: "agent.api_key", line: 2 });
    expect((await errorOf("", { env: { ZEROCLAW_AGENT__API_KEY: "env:NOPE" } })).message).toContain(
      'the environment: "agent.api_key" points to a secret that is not there: the environment variable "NOPE" is not set',
    );
  });
});

describe("loadConfig keeps a channel off", () => {
  test.each([
    [
      "[channels.github]\n",
      "github",
      '"channels.github.secret" is not set: zeroclaw config set channels.github.secret env:NAME',
    ],
    ["[channels.github]\nsecrets = []\n", "github", '"channels.github.secret" is not set: '],
    [
      "[channels.github]\nsecret = 'env:NOPE'\n",
      "github",
      '"channels.github.secret": the environment variable "NOPE" is not set',
    ],
    [
      "[channels.github]\nsecrets = ['a', 'file:/nope']\n",
      "github",
      '"channels.github.secrets": "/nope" cannot be read (ENOENT)',
    ],
    ["[channels.whatsapp]\napp_secret = 'a'\n", "whatsapp", '"channels.whatsapp.verify_token" is not set: '],
    ["[channels.whatsapp]\nverify_token = 'a'\n", "whatsapp", '"channels.whatsapp.app_secret" is not set: '],
    ["[channels.shop]\nscheme = 'path'\n", "shop", '"channels.shop.secret" is not set: '],
  ])("%p: %s, because %s", async (text, name, reason) => {
    const { config, channelFaults } = await load(text);

    expect(channelFaults.get(name)).toStartWith(reason);
    expect(JSON.stringify(config.channels[name])).not.toMatch(/env:|file:/);
  });

  test("and leaves the others on", async () => {
    const { channelFaults, config } = await load(
      "[channels.github]\n[channels.shop]\nscheme = 'hmac'\nsecret = 'env:S'\n",
      {
        env: { S: "value" },
      },
    );

    expect([...channelFaults.keys()]).toEqual(["github"]);
    expect(config.channels["shop"]?.["secret"]).toBe("value");
  });

  test("unless the environment has its secret, and makes a channel of variables alone", async () => {
    const env = { ZEROCLAW_CHANNELS__GITHUB__SECRET: "s" };

    expect((await load("[channels.github]\n", { env })).channelFaults.size).toBe(0);
    expect((await load("", { env })).config.channels["github"]).toMatchObject({ secret: "s", reply: false });
  });
});

describe("loadConfig warns", () => {
  test("about a channel that can take deliveries but not answer them, and leaves it on", async () => {
    const { channelFaults, warnings, config } = await load(
      "[channels.github]\nsecret = 'a'\naccess_token = 'env:NOPE'\n",
    );

    expect(channelFaults.size).toBe(0);
    expect(config.channels["github"]).not.toHaveProperty("access_token");
    expect(warnings.join()).toContain(
      'The channel "github" takes deliveries but cannot send answers: "channels.github.access_token": ',
    );
  });

  test("once about everything that is not the gateway's", async () => {
    const { warnings } = await load("a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\n[gateway]\nport = 1\n");

    expect(warnings).toEqual([
      '~/config.toml: not settings of the gateway, left alone: "a", "b", "c", "d", "e" and 1 more',
    ]);
  });

  test("about a table that is misspelt and a key that stands outside its table", async () => {
    const { warnings } = await load("port = 1\n[gatway]\nport = 2\n");

    expect(warnings[0]).toContain('Does "port" belong below [gateway]? Is "gatway" meant to be [gateway]?');
  });

  test.each([
    ["[channels.github]\nsecret = 's'\n", 1],
    ["[channels.github]\nsecrets = ['env:S', 's']\n", 1],
    [`# zc_${"ab".repeat(32)}\n`, 1],
    [`[gateway]\npaired_tokens = ["${"ab".repeat(32)}"]\n`, 0],
    ["[channels.github]\nsecret = 'env:S'\n", 0],
  ])("about a file that others can read and that holds secrets: %p", async (text, count) => {
    await load(text);
    await chmod(folder.file(), 0o644);
    const { warnings } = await loadConfig({ dir: folder.path, env: { HOME: folder.path } });

    expect(warnings).toEqual(
      count === 0
        ? []
        : ["~/config.toml holds secrets and can be read by other users of this machine: chmod 600 ~/config.toml"],
    );
  });

  test("about a token that others could read, and not to change a mode that the start changes itself", async () => {
    await load(`[gateway]\npaired_tokens = ["zc_${"ab".repeat(32)}"]\n[channels.github]\nsecret = 's'\n`);
    await chmod(folder.file(), 0o644);
    const { warnings } = await loadConfig({ dir: folder.path, env: { HOME: folder.path } });

    expect(warnings).toEqual([
      "~/config.toml held a paired token in plaintext where other users of this machine could read it: pair that device again, and revoke the old one (zeroclaw devices revoke)",
    ]);
  });

  test("about a backup that an interrupted write has left", async () => {
    await Bun.write(folder.file("config.toml.bak"), "");

    expect((await load("")).warnings).toEqual([
      "~/config.toml.bak was left by an interrupted write. Compare it with the file, then delete it.",
    ]);
  });

  test("not at all about a file with every setting", async () => {
    const { warnings, sources } = await load("[gateway]\nport = 1\n[agent]\nmodel = 'm'\n[v1]\n[store]\n[channels]\n");

    expect(warnings).toEqual([]);
    expect([...sources.keys()].every((key) => fixedKeys().includes(key))).toBe(true);
  });
});
