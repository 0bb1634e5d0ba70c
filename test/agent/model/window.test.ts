import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HistoryMessage } from "../../../src/agent/agent.ts";
import { estimateTokens } from "../../../src/agent/model/tokens.ts";
import { costOf, windowOf } from "../../../src/agent/model/window.ts";

const said = (role: "user" | "assistant", content: string): HistoryMessage => ({ role, content, at: 0 });
const pairs = (count: number, length = 8) =>
  Array.from({ length: count }, (_, i) => [
    said("user", `q${i} `.padEnd(length, "x")),
    said("assistant", `a${i} `.padEnd(length, "y")),
  ]).flat();

function turn(text: string, messages: readonly HistoryMessage[]) {
  const asked: number[] = [];
  const history = async (limit: number) => {
    asked.push(limit);
    return messages.slice(-limit);
  };
  return { text, history, asked };
}

describe("windowOf()", () => {
  test("gives a short conversation whole, read in one page", async () => {
    const given = turn("and now?", pairs(3));
    const window = await windowOf(given, 1_000);
    expect(window.map(({ content }) => content.slice(0, 2))).toEqual(["q0", "a0", "q1", "a1", "q2", "a2", "an"]);
    expect(given.asked).toEqual([50]);
  });

  test("leaves out what is oldest, and begins with a user's message", async () => {
    // Each message of 8 ASCII characters costs 2 tokens and 4 for its role; six fit beside the newest.
    const window = await windowOf(turn("question", pairs(10)), 6 + 7 * 6 - 1);
    expect(window.map(({ content }) => content.trim().slice(0, 2))).toEqual(["q7", "a7", "q8", "a8", "q9", "a9", "qu"]);
    const odd = await windowOf(turn("question", pairs(10)), 6 + 5 * 6);
    expect(odd.map(({ content }) => content.slice(0, 2))).toEqual(["q8", "a8", "q9", "a9", "qu"]);
  });

  test("reads in growing pages while there is room, never more than 2,000 messages", async () => {
    const given = turn("now", pairs(3_000, 4));
    const window = await windowOf(given, 1_000_000);
    expect(given.asked).toEqual([50, 200, 800, 2_000]);
    expect(window).toHaveLength(2_001);
  });

  test("keeps the newest message alone, cut in its middle, when it is too long", async () => {
    const window = await windowOf(turn(`A${"b".repeat(50_000)}C`, pairs(5)), 1_000);
    expect(window).toHaveLength(1);
    expect(window[0]!.content).toMatch(/^Ab+\n\[… \d+ .*\]\nb+C$/);
    expect(estimateTokens(window[0]!.content)).toBeLessThanOrEqual(1_000);
  });

  test("keeps something of the newest message even when nothing is left for it", async () => {
    const [message] = await windowOf(turn("b".repeat(50_000), []), -5_000);
    expect(estimateTokens(message!.content)).toBeWithin(200, 257);
  });

  test("makes one message of several in a row of one side, and leaves out empty ones", async () => {
    const history = [said("user", "one"), said("user", "two"), said("assistant", " "), said("assistant", "three")];
    const window = await windowOf(turn("four", [...history, said("user", "lost")]), 1_000);
    expect(window).toEqual([
      { role: "user", content: "one\n\ntwo" },
      { role: "assistant", content: "three" },
      { role: "user", content: "lost\n\nfour" },
    ]);
  });

  test("says of an answer that was stopped that it was, within the budget", async () => {
    const messages = [said("user", "one"), { ...said("assistant", "tw"), cut: true as const }];
    const window = await windowOf(turn("three", messages), 1_000);
    expect(window[1]).toEqual({ role: "assistant", content: "tw\n\n[This answer was stopped here.]" });
    const cost = costOf(...window);
    expect(await windowOf(turn("three", messages), cost)).toHaveLength(3);
    expect(await windowOf(turn("three", messages), cost - 1)).toHaveLength(1);
  });

  test("leaves out an answer that was stopped before it said anything", async () => {
    const messages = [said("user", "one"), { ...said("assistant", ""), cut: true as const }];
    expect(await windowOf(turn("two", messages), 1_000)).toEqual([{ role: "user", content: "one\n\ntwo" }]);
  });

  test("always fits, takes turns, begins and ends with the user, and skips nothing in between", async () => {
    const message = fc.record({
      role: fc.constantFrom("user" as const, "assistant" as const),
      content: fc.string({ minLength: 1, maxLength: 300 }).filter((content) => content.trim() !== ""),
      at: fc.constant(0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 80 }), fc.nat(4_000), async (messages, budget) => {
        const window = await windowOf(turn("newest", messages), budget);
        const cost = window.reduce((sum, { content }) => sum + estimateTokens(content) + 4, 0);
        expect(cost).toBeLessThanOrEqual(Math.max(budget, 256 + 4));
        expect(window.map(({ role }) => role)).toEqual(window.map((_, i) => (i % 2 === 0 ? "user" : "assistant")));
        expect(window.at(-1)?.content.endsWith("newest")).toBe(true);
        const all = [...messages.map(({ content }) => content), "newest"].join("\n\n");
        expect(all.endsWith(window.map(({ content }) => content).join("\n\n"))).toBe(true);
      }),
    );
  });
});
