import { expect, test } from "bun:test";
import { join } from "node:path";
import { type PromptTemplates, promptFor } from "../../../src/inbox/prompt/prompt.ts";
import { delivery } from "../summary/support.ts";

const DOCS = join(import.meta.dir, "../../../docs/prompts.md");
const EXAMPLE =
  /A delivery of type `([^`]+)` with this template:\n\n```toml\n([^`]+)```\n\nand this body:\n\n```json\n([^`]+)```\n\nis told like this[^:]*:\n\n```text\n([^`]+)```/g;

test("every example of docs/prompts.md is told as it says", async () => {
  const examples = [...(await Bun.file(DOCS).text()).matchAll(EXAMPLE)];

  expect(examples).toHaveLength(4);
  for (const [, type = "", toml = "", json = "", expected = ""] of examples) {
    // `as`: the documents' examples are channels with prompts; the configuration's own tests check what else could stand there.
    const { channels } = Bun.TOML.parse(toml) as { channels: Record<string, PromptTemplates> };
    const [[source, templates] = ["", {}]] = Object.entries(channels);
    const headers: Record<string, string> = source === "github" ? { "x-github-event": type.split(".")[0]! } : {}; // it has a first part

    expect(`${promptFor(delivery(json.trim(), { source, type, headers }), templates, "k3x9v2m7")}\n`).toBe(expected);
  }
});
