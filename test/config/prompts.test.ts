import { describe, expect, test } from "bun:test";
import { describeConfig, getKey, parseValue } from "../../src/config/describe.ts";
import { editConfig } from "../../src/config/edit.ts";
import { loadConfig, problemsOfFile } from "../../src/config/load.ts";
import type { Json } from "../../src/lib/json.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const edit = (key: string, value: Json | undefined) => editConfig(folder.file(), new Map([[key, value]]));
const text = () => Bun.file(folder.file()).text();

async function load(toml: string, env: Record<string, string> = {}) {
  await Bun.write(folder.file(), toml);
  return loadConfig({ dir: folder.path, env: { S: "s", ...env } });
}

const TABLE = "[channels.github]\nsecret = 'env:S'\n";
const PUSH = "{{ @summary }}";
const OPENED = "{{ issue.title }}";

describe("`channels.<name>.prompts`", () => {
  test.each([
    `${TABLE}prompts = { push = "${PUSH}", "issues.opened" = "${OPENED}" }\n`,
    `${TABLE}[channels.github.prompts]\npush = "${PUSH}"\n"issues.opened" = "${OPENED}"\n`,
    `${TABLE}prompts.push = "${PUSH}"\nprompts."issues.opened" = '''${OPENED}'''\n`,
    `channels.github.secret = 'env:S'\nchannels.github.prompts = { push = "${PUSH}", 'issues.opened' = "${OPENED}" }\n`,
  ])("is read as it is written in %p", async (toml) => {
    const { config, warnings } = await load(toml);

    expect(config.channels["github"]?.["prompts"]).toEqual({ push: PUSH, "issues.opened": OPENED });
    expect(warnings).toEqual([]);
  });

  test("is read from the environment as JSON", async () => {
    const env = { ZEROCLAW_CHANNELS__GITHUB__PROMPTS: JSON.stringify({ "issues.opened": OPENED }) };

    expect((await load(TABLE, env)).config.channels["github"]?.["prompts"]).toEqual({ "issues.opened": OPENED });
    await expect(load(TABLE, { ZEROCLAW_CHANNELS__GITHUB__PROMPTS: "push" })).rejects.toThrow(
      "must be a table of strings",
    );
  });

  test.each([
    [`${TABLE}prompts = 'x'\n`, "channels.github.prompts", 3, "must be a table of strings"],
    [`${TABLE}[[channels.github.prompts]]\npush = 'x'\n`, "channels.github.prompts", 3, "must be a table of strings"],
    [`${TABLE}prompts = {\n push = "${PUSH}",\n fork = 1 }\n`, "channels.github.prompts.fork", 5, "must be a template"],
    [
      `${TABLE}[channels.github.prompts]\npush = "${PUSH}"\n\nfork = "{{ x"\n`,
      "channels.github.prompts.fork",
      6,
      "line 1, column 1",
    ],
    [
      `${TABLE}[channels.github.prompts]\npush = "${PUSH}"\n"two words" = "${PUSH}"\n`,
      "channels.github.prompts.two words",
      5,
      "no type of events",
    ],
    [`${TABLE}[channels.github.prompts]\n"" = "${PUSH}"\n`, "channels.github.prompts.", 4, "has no name"],
    [
      `${TABLE}[channels.github.prompts]\n__proto__ = "${PUSH}"\n`,
      "channels.github.prompts.__proto__",
      4,
      "no type of events",
    ],
    [`${TABLE}prompt = "Do it."\n`, "channels.github.prompt", 3, "names nothing of the delivery"],
  ])("is refused in %p at %s, line %p: %s", async (toml, key, line, said) => {
    const found = await problemsOfFile(toml, "config.toml");

    expect(found.map((problem) => [problem.key, problem.line])).toEqual([[key, line]]);
    expect(found[0]?.detail).toContain(said);
  });

  test("tells how a name with a dot is written", async () => {
    const [problem] = await problemsOfFile(
      `${TABLE}[channels.github.prompts]\nissues.opened = "${OPENED}"\n`,
      "config.toml",
    );

    expect(problem).toMatchObject({ key: "channels.github.prompts.issues", line: 4 });
    expect(problem?.hint).toBe('A name with a dot is written in quotes: channels.github.prompts."issues.opened" = "…"');
  });
});

describe("config get", () => {
  const both = `${TABLE}prompts = { push = "${PUSH}", "issues.opened" = "${OPENED}" }\n`;

  test("shows the table, one entry, and where they come from", async () => {
    const loaded = await load(both);

    expect(getKey(loaded, "channels.github.prompts")).toEqual({ push: PUSH, "issues.opened": OPENED });
    expect(getKey(loaded, "channels.github.prompts.issues.opened")).toBe(OPENED);
    expect(getKey(loaded, "channels.github.prompts.fork")).toBeNull();
    expect(getKey(loaded, "channels.github.prompts.constructor")).toBeNull();
    expect(getKey(loaded, "channels.github")).toMatchObject({ prompts: { push: PUSH } });
    expect(loaded.sources.get("channels.github.prompts.issues.opened")).toBe("file");
  });

  test("and list have one row for the table", async () => {
    const rows = describeConfig(await load(both)).filter(({ key }) => key.includes("prompts"));

    expect(rows.map(({ key, source }) => [key, source])).toEqual([["channels.github.prompts", "file"]]);
  });
});

describe("config set", () => {
  test("reads the table as JSON and an entry as text", () => {
    expect(parseValue("channels.github.prompts", `{"push":"${PUSH}"}`)).toEqual({ push: PUSH });
    expect(parseValue("channels.github.prompts.issues.opened", OPENED)).toBe(OPENED);
    expect(() => parseValue("channels.github.prompts", PUSH)).toThrow("must be a table of strings");
    expect(() => parseValue("channels.github.prompts.push", "{{")).toThrow("cannot be read as a template");
  });

  test.each([
    [TABLE, `${TABLE}\n[channels.github.prompts]\n"issues.opened" = "${OPENED}"\n`],
    [
      `${TABLE}prompts = { push = "${PUSH}" } # mine\n`,
      `${TABLE}prompts = { push = "${PUSH}", "issues.opened" = "${OPENED}" } # mine\n`,
    ],
    [
      `${TABLE}[channels.github.prompts]\n# mine\npush = "${PUSH}"\n`,
      `${TABLE}[channels.github.prompts]\n# mine\npush = "${PUSH}"\n"issues.opened" = "${OPENED}"\n`,
    ],
    [`${TABLE}prompts."issues.opened" = "x {{ a }}"\n`, `${TABLE}prompts."issues.opened" = "${OPENED}"\n`],
  ])("of one entry changes %p to %p, and unset takes it out again", async (before, after) => {
    await load(before);
    await edit("channels.github.prompts.issues.opened", OPENED);
    expect(await text()).toBe(after);
    await edit("channels.github.prompts.issues.opened", undefined);

    expect(await text()).not.toContain("issues.opened");
  });

  test.each([
    TABLE,
    `${TABLE}prompts = { fork = "${PUSH}" }\n`,
    `${TABLE}[channels.github.prompts]\nfork = "${PUSH}"\n`,
    `${TABLE}prompts.fork = "${PUSH}"\n`,
  ])("of the whole table replaces what is in %p", async (before) => {
    await load(before);
    await edit("channels.github.prompts", { "issues.opened": OPENED });

    const { config } = await loadConfig({ dir: folder.path, env: { S: "s" } });
    expect(config.channels["github"]?.["prompts"]).toEqual({ "issues.opened": OPENED });
    await edit("channels.github.prompts", undefined);
    expect(await text()).not.toContain("prompts");
  });

  test("refuses a template that cannot be read, and writes nothing", async () => {
    await load(TABLE);
    await expect(edit("channels.github.prompts.push", "{{ a | nope }}")).rejects.toThrow('there is no filter "nope"');

    expect(await text()).toBe(TABLE);
  });
});
