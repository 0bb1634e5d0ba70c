import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { ConfigError } from "../../src/config/config-error.ts";
import { editConfig } from "../../src/config/edit.ts";
import { firstFileText } from "../../src/config/first-file.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Json } from "../../src/lib/json.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const edit = (edits: Record<string, Json | undefined>) => editConfig(folder.file(), new Map(Object.entries(edits)));
const text = () => Bun.file(folder.file()).text();
const message = async (edits: Record<string, Json | undefined>) => {
  const error: unknown = await edit(edits).catch((each: unknown) => each);
  return error instanceof ConfigError ? error.message : String(error);
};

describe("editConfig", () => {
  test("changes one value of the first file, and no other byte", async () => {
    await edit({ "gateway.port": 9090 });

    expect(await text()).toBe(firstFileText().replace("port = 8585", "port = 9090"));
    expect((await loadConfig({ dir: folder.path, env: {} })).config.gateway.port).toBe(9090);
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("pairs and unpairs devices without a trace", async () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    await edit({ "gateway.paired_tokens": [a] });
    await edit({ "gateway.paired_tokens": [a, b] });
    expect(await text()).toContain(`paired_tokens = [\n  "${a}",\n  "${b}",\n]   # Authenticated tokens`);
    await edit({ "gateway.paired_tokens": [b] });
    await edit({ "gateway.paired_tokens": undefined });

    expect(await text()).toBe(firstFileText().replace(/^paired_tokens.*\n/m, ""));
  });

  test("sets several keys, of tables that are there and of new ones", async () => {
    await edit({ "gateway.wait_seconds": 5, "agent.kind": "auto", "channels.github.secret": "env:S" });
    const { config } = await loadConfig({ dir: folder.path, env: { S: "s" } });

    expect([config.gateway.wait_seconds, config.agent.kind]).toEqual([5, "auto"]);
    expect(config.channels["github"]?.["secret"]).toBe("s");
    expect(await text()).toEndWith('\n[agent]\nkind = "auto"\n\n[channels.github]\nsecret = "env:S"\n');
  });

  test("never writes what the environment says", async () => {
    await edit({ "gateway.host": "::1" });

    expect(await text()).toContain("port = 8585 ");
  });

  test.each([
    [{ "gateway.port": 70_000 }, '"gateway.port" must be a whole number from 0 to 65535'],
    [{ "gateway.prot": 1 }, 'unknown key "gateway.prot". Did you mean "gateway.port"?'],
    [{ "gateway.trusted_proxies": ["x"] }, 'entry 1 ("x") is neither an address nor a network'],
    [{ "channels.shop.secret": "s" }, '"channels.shop.scheme" is missing'],
    [{ "channels.Shop.secret": "s" }, '"Shop" cannot be the name of a channel'],
  ])("refuses %p, because the result could not be loaded, and writes nothing", async (edits, reason) => {
    await edit({ "gateway.port": 1 });
    const before = await text();

    expect(await message(edits)).toStartWith("Cannot change the configuration: ");
    expect(await message(edits)).toContain(reason);
    expect(await text()).toBe(before);
  });

  test("mends one mistake while another is still there, and takes unknown keys out", async () => {
    await Bun.write(folder.file(), "[gateway]\nport = 'x'\nprot = 1\nhost = ''\n");
    await edit({ "gateway.port": 1 });
    await edit({ "gateway.prot": undefined });
    expect(await text()).toBe("[gateway]\nport = 1\nhost = ''\n");
    expect(await message({ "gateway.wait_seconds": -1 })).toContain('"gateway.wait_seconds" must be');
    await edit({ "gateway.host": undefined });

    expect((await loadConfig({ dir: folder.path, env: {} })).config.gateway.port).toBe(1);
  });

  test("refuses to touch a file that is no TOML, and says where", async () => {
    await Bun.write(folder.file(), "[gateway]\nport = = 1\n");

    expect(await message({ "gateway.port": 1 })).toStartWith(
      `Cannot read the configuration: ${folder.file()} line 2, column 8: `,
    );
    expect(await text()).toBe("[gateway]\nport = = 1\n");
  });

  test("loses none of many edits at once", async () => {
    const keys = ["port", "wait_seconds"].map((name) => `gateway.${name}`);
    await Promise.all([...keys.map((key) => edit({ [key]: 7 })), edit({ "agent.max_concurrent": 7 })]);
    const { config } = await loadConfig({ dir: folder.path, env: {} });

    expect([config.gateway.port, config.gateway.wait_seconds, config.agent.max_concurrent]).toEqual([7, 7, 7]);
  });
});
