import { describe, expect, test } from "bun:test";
import { mkdir, readdir, stat, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigReadOnly } from "../../src/config/config-error.ts";
import { systemDisk } from "../../src/config/disk.ts";
import { createFirstFile, firstFileText } from "../../src/config/first-file.ts";
import { fixedKeys, keys } from "../../src/config/keys.ts";
import { loadConfig } from "../../src/config/load.ts";
import { mapToml } from "../../src/config/toml-map.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();

describe("createFirstFile", () => {
  test("makes the folder with mode 0700 and the file with mode 0600", async () => {
    const path = folder.file("new/folder/config.toml");

    expect(await createFirstFile(path)).toBe(true);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await Bun.file(path).text()).toBe(firstFileText());
    expect(await readdir(dirname(path))).toEqual(["config.toml"]);
  });

  test("leaves a file that is there as it is", async () => {
    await Bun.write(folder.file(), "# mine\n");

    expect(await createFirstFile(folder.file())).toBe(false);
    expect(await Bun.file(folder.file()).text()).toBe("# mine\n");
  });

  test("called many times at once makes one whole file and leaves nothing behind", async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => createFirstFile(folder.file())));

    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await Bun.file(folder.file()).text()).toBe(firstFileText());
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("does not follow a link to nowhere", async () => {
    await symlink(folder.file("nowhere"), folder.file());

    expect(await createFirstFile(folder.file())).toBe(false);
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("says so when nothing can be written", async () => {
    const create = () => Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" }));

    await expect(createFirstFile(folder.file(), { ...systemDisk, create })).rejects.toBeInstanceOf(ConfigReadOnly);
    await mkdir(folder.file("dir"));
    await Bun.write(folder.file("dir/file"), "");
    await expect(createFirstFile(folder.file("dir/file/config.toml"))).rejects.toThrow(
      `a part of "${folder.file("dir/file/config.toml")}" that must be a folder is a file (EEXIST)`,
    );
  });
});

test.each([
  ["EROFS", "is read-only (EROFS). Make it writable"],
  ["ENOSPC", "there is no room for "],
  ["EDQUOT", "there is no room for "],
  ["ENOTDIR", "that must be a folder is a file (ENOTDIR)"],
  ["EIO", "the system refused "],
])("`createFirstFile` says of %s what it is", async (code, expected) => {
  const create = () => Promise.reject(Object.assign(new Error("no"), { code }));

  await expect(createFirstFile(folder.file(), { ...systemDisk, create })).rejects.toThrow(expected);
});

test("`createFirstFile` does not take a mistake of the program for one of the disk", async () => {
  const create = () => Promise.reject(new TypeError("a mistake"));

  await expect(createFirstFile(folder.file(), { ...systemDisk, create })).rejects.toThrow(TypeError);
});

describe("the first file", () => {
  test("loads without a warning and has the defaults", async () => {
    await createFirstFile(folder.file());
    const made = await loadConfig({ dir: folder.path, env: {} });
    const defaults = await loadConfig({ dir: folder.file("none"), env: {} });

    expect(made.config).toEqual(defaults.config);
    expect(made.warnings).toEqual([]);
  });

  test("has the tables, keys, order and values of the published page, each with a comment", async () => {
    const page = await Bun.file(`${import.meta.dir}/../fixtures/config/page.toml`).text();
    const keysOf = (text: string) =>
      mapToml(text).entries.map(({ path, value }) => `${path.join(".")} = ${text.slice(value.start, value.end)}`);

    expect(keysOf(firstFileText())).toEqual(keysOf(page));
    expect(mapToml(firstFileText()).headers.map(({ path }) => path.join("."))).toEqual([
      "gateway",
      "gateway.rate_limit",
      "gateway.idempotency",
    ]);
    for (const line of firstFileText().split("\n")) expect(line).toMatch(/^$|^# |^\[.*\]$| {3}# \S/);
  });

  test("has every other setting as a comment that can be uncommented", async () => {
    const text = firstFileText().replaceAll(/^# (\[|[a-z0-9_]+ = )/gm, "$1");
    await Bun.write(folder.file(), text);
    const { config, sources, warnings } = await loadConfig({ dir: folder.path, env: { MODEL_API_KEY: "k" } });

    for (const key of fixedKeys()) expect(`${key} ${sources.get(key)}`).toBe(`${key} file`);
    expect(Object.keys(config.channels)).toEqual(["github", "whatsapp", "shop"]);
    expect(config.gateway.wait_seconds).toBe(25);
    expect(warnings).toEqual([]);
  });

  test("names every setting, also those that exclude each other, but for what its example's scheme does not read", () => {
    for (const key of keys().filter((each) => !each.endsWith(".username")))
      expect(firstFileText()).toContain(`${key.slice(key.lastIndexOf(".") + 1)} = `);
    expect(firstFileText()).toContain('# or: id_field = "data.id"');
    expect(firstFileText()).not.toContain("username");
  });
});
