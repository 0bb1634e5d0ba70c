import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AnswerLines } from "../../../src/agent/model/answer-lines.ts";

const STOP = '\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n';

/** What is passed on of an answer that comes in `pieces`, up to its end. */
function passedOn(wire: "openai" | "anthropic", pieces: readonly Uint8Array[]) {
  const lines = new AnswerLines(wire);
  const taken: Uint8Array[] = [];
  for (const piece of pieces) if (!lines.over) taken.push(Uint8Array.from(lines.take(piece)));
  const { over, finished } = lines;
  const text = Buffer.concat([...taken, lines.end()]).toString("utf8");
  return { text, over, finished };
}

function inPieces(text: string, ends: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  const cuts = [0, ...ends.map((end) => end % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

const chunk = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
const stopped = event({ type: "message_delta", delta: { stop_reason: "end_turn" } });

describe("AnswerLines on OpenAI's wire", () => {
  const whole = (...pieces: readonly string[]) =>
    passedOn(
      "openai",
      pieces.map((piece) => Buffer.from(piece)),
    );

  test.each(["data: [DONE]\n\n", "data:[DONE]\n", "data: [DONE]\r\n\r\n", "data: [DONE]"])(
    "is over at %p, and passes on nothing that follows",
    (mark) => {
      const before = chunk("a") + chunk("", "stop");
      const { text, over } = whole(before, mark, chunk("late"));
      expect([text, over]).toEqual([`${before}\n\n`, true]);
      expect(whole(`${before}data: [DONE]\n\n${chunk("late")}`).text).toBe(`${before}\n\n`);
    },
  );

  test.each([
    chunk('data: [DONE] "finish_reason":"stop"'),
    chunk("\ndata: [DONE]\n"),
    chunk("[DONE]", ""),
    'data: {"finish_reason":"stop"}\n\n',
    'data: {"choices":[{"delta":{"tool":{"finish_reason":"stop"}}}]}\n\n',
    'data: {"choices":[{"finish_reason":"stop"\n\n',
    ': "finish_reason":"stop"\n\n',
    " data: [DONE]\n\n",
    "data: [DONE\n\n",
  ])("takes %p for no end", (text) => {
    const lines = new AnswerLines("openai");
    lines.take(Buffer.from(text));
    expect([lines.over, lines.finished]).toEqual([false, false]);
  });

  test("is finished when it says why, however its JSON is spaced", () => {
    expect(whole(chunk("a", "length")).finished).toBe(true);
    expect(whole('data:{"choices" : [ { "finish_reason" :\t"stop" } ] }\r\n').finished).toBe(true);
  });

  test("does not believe a server that says why it ended in every piece", () => {
    expect(whole(chunk("a", "stop"), chunk("b", "stop")).finished).toBe(false);
  });

  test("passes on no half of a line, but a last one that lacks only its line feed", () => {
    expect(whole(chunk("a"), 'data: {"cho').text).toBe(`${chunk("a")}\n\n`);
    expect(whole(chunk("a"), chunk("", "stop").trimEnd()).text).toBe(`${chunk("a")}${chunk("", "stop")}\n\n`);
  });

  test("knows how much of a line is pending", () => {
    const lines = new AnswerLines("openai");
    for (let i = 0; i < 5_000; i += 1) lines.take(Buffer.from("x"));
    expect(lines.pending).toBe(5_000);
    expect(Buffer.from(lines.take(Buffer.from("\ny"))).toString()).toBe(`${"x".repeat(5_000)}\n`);
    expect(lines.pending).toBe(1);
  });

  test("passes on the same and ends at the same place, however it is cut into pieces", () => {
    const said = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(2_000), { maxLength: 12 });
    fc.assert(
      fc.property(said, fc.boolean(), cuts, (contents, done, ends) => {
        const answer = contents.map((content) => chunk(content)).join("") + chunk("", "stop");
        const text = done ? `${answer}data: [DONE]\n\n${chunk("late")}` : answer;
        const found = passedOn("openai", inPieces(text, ends));
        expect(found).toEqual({ text: `${answer}\n\n`, over: done, finished: true });
      }),
    );
  });
});

describe("AnswerLines on Anthropic's wire", () => {
  const whole = (text: string) => passedOn("anthropic", [Buffer.from(text)]);

  test("is over at message_stop, and passes on nothing that follows", () => {
    const text = `event: message_stop\n${event({ type: "message_stop" })}`;
    expect(whole(`${stopped}${text}${event({ type: "ping" })}`).text).toBe(`${stopped}${text.slice(0, -1)}\n\n`);
  });

  test("says message_stop in place of a server that said why it ended, and no more", () => {
    expect(whole(stopped).text).toBe(`${stopped}${STOP}`);
    expect(whole(`${stopped}data: [DONE]\n\n`).text).toBe(`${stopped}${STOP}`);
  });

  test("does not say it in place of one that did not", () => {
    expect(whole(event({ type: "ping" })).text).not.toContain("message_stop");
    expect(whole(`${event({ type: "ping" })}data: [DONE]\n\n`).text).not.toContain("message_stop");
  });

  test.each([
    event({ type: "message_start", message: { stop_reason: null } }),
    event({ type: "content_block_delta", delta: { text: "message_stop" } }),
    event({ type: "content_block_start", content_block: { input: { stop_reason: "end_turn" } } }),
    event({ type: "message_delta", delta: { stop_reason: null }, note: { stop_reason: "x" } }),
  ])("takes %p for no end", (text) => {
    const { over, finished } = whole(text);
    expect([over, finished]).toEqual([false, false]);
  });
});
