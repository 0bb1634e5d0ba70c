import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { messageStream } from "../../../src/agent/acp/message-stream.ts";
import type { AgentError } from "../../../src/agent/agent.ts";

interface Heard {
  readonly messages: unknown[];
  readonly updates: unknown[];
  readonly error: AgentError | null;
}

/** What is heard of an output that comes in these pieces, after the requests `asked` went out. */
async function hear(chunks: readonly Uint8Array[], asked: readonly number[] = []): Promise<Heard> {
  const updates: unknown[] = [];
  const end = Promise.withResolvers<AgentError | null>();
  const output = Promise.withResolvers<void>();
  const stdout = new ReadableStream<Uint8Array>({
    async start(controller) {
      await output.promise;
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const stream = messageStream(
    { stdout, write: async () => {} },
    { onBytes: () => {}, onUpdate: (params) => updates.push(params), onEnd: end.resolve },
  );
  const messages: unknown[] = [];
  void stream.readable.pipeTo(new WritableStream({ write: (message) => void messages.push(message) })).catch(() => {});
  const writer = stream.writable.getWriter();
  for (const id of asked) await writer.write({ jsonrpc: "2.0", id, method: "x" });
  output.resolve();
  const error = await end.promise;
  await new Promise((resolve) => setImmediate(resolve));
  return { messages, updates, error };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (message: object) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;

describe("an agent's output", () => {
  test("is read the same in whatever pieces it comes", async () => {
    const request = { id: "q", method: "session/request_permission", params: { title: "Größe 😀" } };
    const text = [
      "Welcome\r\n",
      line({ id: 0, result: {} }),
      line({ method: "session/update", params: 1 }),
      line(request),
    ].join("");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes(text).length }), { maxLength: 12 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes(text).length];
        const pieces = at.slice(1).map((end, i) => bytes(text).slice(at[i], end));
        const { messages, updates, error } = await hear(pieces, [0]);
        expect(messages).toEqual([
          { jsonrpc: "2.0", id: 0, result: {} },
          { jsonrpc: "2.0", ...request },
        ]);
        expect(updates).toEqual([1]);
        expect(error).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  test("reaches the SDK as requests and awaited responses, and nothing else", async () => {
    const text = [
      line({ id: 1, result: {} }),
      line({ id: 1, result: {} }),
      line({ id: null, error: { code: 1, message: "x" } }),
      line({ method: "some/notification" }),
      line({ method: "$/cancel_request", params: { requestId: 3 } }),
      line({ method: 5 }),
      line({}),
      '[{"jsonrpc":"2.0"}]\n"text"\nnull\n{"jsonrpc":"1.0","id":2}\n',
    ].join("");
    const { messages } = await hear([bytes(text)], [1, 2]);
    expect(messages).toEqual([
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", method: "$/cancel_request", params: { requestId: 3 } },
    ]);
  });

  test("may hold 64 KB in a row that is no message, and any amount between messages", async () => {
    const noise = bytes(`${"#".repeat(1_023)}\n`.repeat(64));
    const update = bytes(line({ method: "session/update", params: 1 }));
    expect(await hear([noise, update, noise, update])).toMatchObject({ error: null, updates: [1, 1] });
    const { error } = await hear([noise, bytes("\n")]);
    expect(error).toMatchObject({ message: expect.stringContaining("more than 64 KB"), permanent: false });
  });

  test("that never ends a line is given up at 4 MB", async () => {
    const piece = new Uint8Array(1024 * 1024).fill(0x78);
    expect((await hear([piece, piece, piece, piece])).error).toBeNull();
    expect((await hear([piece, piece, piece, piece, piece.slice(0, 1)])).error?.message).toContain("longer than 4 MB");
  });
});
