import { expect, test } from "bun:test";
import fc from "fast-check";
import { readSse, type SseEvent, SseParser } from "../../src/lib/sse.ts";

function parse(text: string): SseEvent[] {
  return new SseParser().push(text);
}

function bodyOf(bytes: Uint8Array, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return new ReadableStream({
    start(controller) {
      for (const [i, from] of edges.entries()) controller.enqueue(bytes.slice(from, edges[i + 1] ?? from));
      controller.close();
    },
  });
}

async function read(body: ReadableStream<Uint8Array>, maxChars?: number): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  for await (const event of readSse(body, maxChars)) events.push(event);
  return events;
}

test("SseParser joins data lines with line feeds and names the event", () => {
  expect(parse("event: delta\nid: 7\ndata: one\ndata: two\n\n")).toEqual([
    { type: "delta", data: "one\ntwo", lastEventId: "7" },
  ]);
});

test.each([
  ["LF", "\n"],
  ["CR LF", "\r\n"],
  ["CR", "\r"],
])("SseParser takes %s for a line end", (_name, end) => {
  expect(parse(`data: a${end}${end}data: b${end}${end}`).map(({ data }) => data)).toEqual(["a", "b"]);
});

test("SseParser drops one space after the colon and no more", () => {
  expect(parse("data:  two spaces\ndata:none\ndata: one\n\n")[0]?.data).toBe(" two spaces\nnone\none");
});

test("SseParser dispatches a field without a colon as an empty one", () => {
  expect(parse("data\n\ndata\ndata\n\n").map(({ data }) => data)).toEqual(["", "\n"]);
});

test("SseParser passes over comments, unknown fields and events without data", () => {
  expect(parse(": ping\n\nevent: x\n\nfoo: bar\nretry: 10\n\ndata: a\n\n")).toEqual([
    { type: "message", data: "a", lastEventId: "" },
  ]);
});

test("SseParser keeps the last id for later events, and ignores one with NUL", () => {
  expect(parse("id: 1\ndata: a\n\nid: 2\u0000\ndata: b\n\nid\ndata: c\n\n").map((e) => e.lastEventId)).toEqual([
    "1",
    "1",
    "",
  ]);
});

test("SseParser refuses an event that is longer than allowed, in one line or in many", () => {
  expect(() => new SseParser(100).push(`data: ${"x".repeat(200)}`)).toThrow(RangeError);
  expect(() => new SseParser(100).push("data: 0123456789\n".repeat(20))).toThrow("longer than 100 characters");
  expect(new SseParser(100).push("data: 0123456789\n\n".repeat(20))).toHaveLength(20);
});

test("readSse() drops a byte order mark and an event that the end cuts off", async () => {
  const bytes = new TextEncoder().encode("\ufeffdata: whole\n\ndata: cut off\n");
  expect((await read(bodyOf(bytes, []))).map(({ data }) => data)).toEqual(["whole"]);
});

test("readSse() cancels the body when its reader leaves early", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
    cancel: () => cancelled.resolve(),
  });
  for await (const { data } of readSse(body)) {
    expect(data).toBe("a");
    break;
  }
  await cancelled.promise;
});

const eventText = fc.record({
  type: fc.constantFrom("message", "delta", "response"),
  id: fc.string({ unit: fc.constantFrom("0", "7", "a", "-") }),
  lines: fc.array(
    fc.string({ unit: "grapheme" }).filter((s) => !/[\r\n]/.test(s)),
    { minLength: 1, maxLength: 4 },
  ),
});

test("readSse() reads back what was written, wherever the chunks are cut and however lines end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventText, { maxLength: 6 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.array(fc.nat(2_000), { maxLength: 12 }),
      async (events, end, cuts) => {
        const text = events
          .map(({ type, id, lines }) =>
            [`event: ${type}`, `id: ${id}`, ...lines.map((line) => `data: ${line}`), "", ""].join(end),
          )
          .join("");
        const expected = events.map(({ type, id, lines }) => ({ type, data: lines.join("\n"), lastEventId: id }));
        expect(await read(bodyOf(new TextEncoder().encode(text), cuts))).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

test("SseParser gives the same events for any text, in one piece or in many", () => {
  const soup = fc.string({
    unit: fc.constantFrom("\r", "\n", "data", "event", "id", "retry", ":", " ", "x", "\0", "é", "🚀"),
    maxLength: 60,
  });
  fc.assert(
    fc.property(soup, fc.array(fc.nat(120), { maxLength: 8 }), (text, cuts) => {
      const parser = new SseParser();
      const edges = [...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const pieces = edges.map((edge, i) => text.slice(edges[i - 1] ?? 0, edge));
      expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(parse(text));
    }),
    { numRuns: 1_000 },
  );
});
