import { describe, expect, test } from "bun:test";
import { promptOf } from "../../../src/agent/acp/prompt.ts";
import type { AgentTurn } from "../../../src/agent/agent.ts";
import { past, turnOf } from "./acp-bench.ts";

const MARK = "conversation-000000000000";

function prompt(
  fresh: boolean,
  turn: Partial<AgentTurn>,
  systemPrompt?: string,
  contextTokens = 1_024,
): Promise<string> {
  const random = { bytes: (length: number) => new Uint8Array(length) };
  return promptOf(turnOf("Hello", turn), fresh, { random, systemPrompt, contextTokens });
}

describe("an ACP agent's prompt", () => {
  test("is the text alone, so that the agent's own commands work for the owner, and for no stranger", async () => {
    expect(await prompt(false, { history: past("a", "b") }, "Be kind.")).toBe("Hello");
    expect(await prompt(true, { text: "/compact" })).toBe("/compact");
    expect(await prompt(true, { text: " /compact", reach: "channel" })).toBe("Message:\n /compact");
  });

  test("has the operator's words before the first of a session, and the asker's before each", async () => {
    expect(await prompt(true, { instructions: "Be brief." }, "Be kind.")).toBe("Be kind.\n\nBe brief.\n\nHello");
    expect(await prompt(false, { instructions: "Be brief." }, "Be kind.")).toBe("Be brief.\n\nHello");
  });

  test("brings a new session the latest of the conversation, as much as fits", async () => {
    const long = "x".repeat(1_500);
    const text = await prompt(true, { history: past(long, long, "second", long, "third", "fourth") });
    expect(text.length).toBeLessThanOrEqual(1_024 * 4);
    expect(text.split("\n").slice(1)).toEqual([
      MARK,
      `assistant: ${long}`,
      "user: second",
      `assistant: ${long}`,
      "user: third",
      "assistant: fourth",
      MARK,
      "",
      "Hello",
    ]);
  });

  test("tells a new session which answers were stopped", async () => {
    const history: AgentTurn["history"] = async () => [
      { role: "user", content: "Count to ten.", at: 1 },
      { role: "assistant", content: "One, two", at: 2, cut: true },
    ];
    expect((await prompt(true, { history })).split("\n").slice(2, 4)).toEqual([
      "user: Count to ten.",
      "assistant: One, two [stopped here]",
    ]);
  });

  test("brings nothing when the latest message alone does not fit", async () => {
    expect(await prompt(true, { history: past("x".repeat(5_000)) })).toBe("Hello");
  });
});
