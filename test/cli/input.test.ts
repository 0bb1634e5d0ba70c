import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Input, readLines, readText } from "../../src/cli/input.ts";

function input(...chunks: Uint8Array[]): Input {
  return {
    isTerminal: () => Promise.resolve(false),
    stream: () =>
      new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      }),
  };
}

async function lines(from: Input): Promise<string[]> {
  const all: string[] = [];
  for await (const line of readLines(from)) all.push(line);
  return all;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("readLines() yields lines without their ends, the last one also when it has none", async () => {
  expect(await lines(input(bytes("a\r\nb\n\nc")))).toEqual(["a", "b", "", "c"]);
  expect(await lines(input(bytes("a\n")))).toEqual(["a"]);
  expect(await lines(input())).toEqual([]);
});

test("readLines() reads the same lines wherever the chunks are cut", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "🚀", "\n"), maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(200), fc.nat(200), async (whole, a, b) => {
      const all = bytes(whole);
      const [from, to] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y);
      const cut = input(all.slice(0, from), all.slice(from, to), all.slice(to));
      expect(await lines(cut)).toEqual(
        whole.replace(/\n$/, "") === "" && !whole.includes("\n") ? [] : whole.replace(/\n$/, "").split("\n"),
      );
    }),
  );
});

test("readText() gives up on more bytes than allowed", async () => {
  expect(await readText(input(bytes("ab"), bytes("cd")), 4)).toBe("abcd");
  expect(await readText(input(bytes("ab"), bytes("cde")), 4)).toBeNull();
});
