import { expect, test } from "bun:test";
import fc from "fast-check";
import { chatModel, listedModels, ollamaModels, ollamaVersion } from "../../../src/agent/detect/model-names.ts";

test.each([
  ["nomic-embed-text:latest"],
  ["text-embedding-3-small"],
  ["whisper-large-v3"],
  ["jina-reranker-v2"],
  ["all-minilm"],
  ["bge-m3"],
  ["multilingual-e5-large"],
  ["tts-1-hd"],
  ["playai-tts"],
])("chatModel() passes over %s", (name) => {
  expect(chatModel([name])).toBeNull();
  expect(chatModel([name, "llama3.2"])).toBe("llama3.2");
});

test.each(["llama3.2:latest", "qwen3:8b", "wittspeak", "phi-3.5-mini", "gpt-oss-20b", "/models/a b.gguf"])(
  "chatModel() takes %s",
  (name) => {
    expect(chatModel([name])).toBe(name);
  },
);

test("listedModels() takes a null for an empty list, and Anthropic's shape", () => {
  expect(listedModels({ object: "list", data: null })).toEqual([]);
  expect(listedModels({ data: [{ type: "model", id: "claude" }], has_more: false, first_id: "claude" })).toEqual([
    "claude",
  ]);
});

test("ollamaVersion() takes a version and no other text", () => {
  expect(ollamaVersion({ version: "0.12.3-rc1" })).toBe("0.12.3-rc1");
  for (const json of [{ version: "<b>" }, { version: 1 }, { version: "x".repeat(41) }, null, "0.1", []]) {
    expect(ollamaVersion(json)).toBeNull();
  }
});

test("no JSON makes the readers of models throw, and none of their names could draw on a terminal", () => {
  const like = fc.oneof(
    fc.jsonValue(),
    fc.record({ object: fc.constant("list"), data: fc.array(fc.record({ id: fc.string({ unit: "binary" }) })) }),
    fc.record({ models: fc.array(fc.record({ name: fc.string({ unit: "binary" }) })) }),
  );
  fc.assert(
    fc.property(like, (json) => {
      for (const name of [...(listedModels(json) ?? []), ...(ollamaModels(json) ?? [])]) {
        expect(name).not.toMatch(/^-|[\p{Cc}\p{Cs}]/u);
      }
      ollamaVersion(json);
    }),
  );
});
