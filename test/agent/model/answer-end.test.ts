import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Timer } from "../../../src/lib/clock.ts";
import { answer, callTool, gate, ModelServer, type Part } from "../../fakes/model-server.ts";
import { ManualClock } from "../../support/clock.ts";
import { agentAt, eventsOf, failureOf, textOf, toolsOf, turnOf, untilTrue } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

const finished: readonly Part[] = [{ say: "Whole" }, { finish: "stop" }];
const never = () => gate().part;

/** Tells when the agent waits for what comes after an end. */
class TellingClock extends ManualClock {
  readonly waits: number[] = [];

  override after(delayMs: number, task: () => void): Timer {
    this.waits.push(delayMs);
    return super.after(delayMs, task);
  }

  /** Resolves when it waits for the `count`th time. */
  async waiting(count = 1): Promise<void> {
    await untilTrue(() => this.waits.filter((ms) => ms <= 5_000).length === count);
  }
}

function openAt(url: string, about = {}) {
  const clock = new TellingClock();
  return { clock, agent: agentAt(url, about, { clock }).agent };
}

describe.each([
  ["openai", {}],
  ["anthropic", { provider: "anthropic" }],
] as const)("an answer on the wire of %s", (_wire, about) => {
  const open = () => openAt(server.url, about);
  const ask = async () => textOf(await eventsOf(open().agent, turnOf("Hello")));

  test("is over when the server says so, though it leaves the connection open", async () => {
    server.next({ parts: [...finished, { over: true }, never()] });
    const { agent, clock } = open();
    expect(textOf(await eventsOf(agent, turnOf("Hello")))).toBe("Whole");
    clock.advance(249);
    expect(server.asked[0]!.disconnected).toBe(false);
    clock.advance(1);
    await server.asked[0]!.over;
    expect([server.asked[0]!.disconnected, clock.timers]).toEqual([true, 0]);
  });

  test("is whole when the connection is cut after its end", async () => {
    const more = gate();
    server.next({ parts: [...finished, { over: true }, more.part, { cut: true }] });
    const { agent, clock } = open();
    expect(textOf(await eventsOf(agent, turnOf("Hello")))).toBe("Whole");
    more.open();
    await untilTrue(() => clock.timers === 0);
  });

  test("is whole when the connection is cut or closed after it said why it ended", async () => {
    for (const parts of [[{ cut: true }], []] as const) {
      const more = gate();
      server.next({ parts: [...finished, more.part, ...parts] });
      const { agent, clock } = open();
      const events = eventsOf(agent, turnOf("Hello"));
      await clock.waiting();
      more.open();
      expect(textOf(await events)).toBe("Whole");
      expect(clock.timers).toBe(0);
    }
  });

  test("is over 5 s after it said why it ended, when nothing more comes", async () => {
    server.next({ parts: [...finished, never()] });
    const { agent, clock } = open();
    const events = eventsOf(agent, turnOf("Hello"));
    await clock.waiting();
    expect(clock.waits.at(-1)).toBe(5_000);
    clock.advance(4_999);
    expect(clock.timers).toBe(1);
    clock.advance(1);
    expect(textOf(await events)).toBe("Whole");
    await server.asked[0]!.over;
    expect([server.asked[0]!.disconnected, clock.timers]).toEqual([true, 0]);
  });

  test("is not held open by what is said without end after it ended", async () => {
    const beats = [gate(), gate()] as const;
    const raw = ": beat\n\n";
    server.next({ parts: [...finished, beats[0].part, { raw }, beats[1].part, { raw }, never()] });
    const { agent, clock } = open();
    const events = eventsOf(agent, turnOf("Hello"));
    for (const [i, beat] of beats.entries()) {
      await clock.waiting(i + 1);
      clock.advance(2_000);
      beat.open();
    }
    await clock.waiting(3);
    expect(clock.waits.at(-1)).toBe(1_000);
    clock.advance(1_000);
    expect(textOf(await events)).toBe("Whole");
  });

  test("has no part in what comes after its end", async () => {
    server.next({ parts: [...finished, { over: true }, { say: " and more" }, { failure: "Late" }] });
    expect(await ask()).toBe("Whole");
    server.next({ parts: [...finished, { raw: "data: [DONE]\n\n" }, { say: " and more" }, never()] });
    expect(await ask()).toBe("Whole");
  });

  test("without a reason for its end is broken, with and without [DONE]", async () => {
    for (const parts of [[{ say: "Half" }], [{ say: "Half" }, { raw: "data: [DONE]\n\n" }, never()]]) {
      server.next({ parts });
      expect((await failureOf(open().agent)).message).toContain("broke off in the middle: the server ended it");
    }
  });

  test("that asks for a tool goes on, though the server leaves the connection open", async () => {
    const { parts } = callTool("look", {}) as { readonly parts: readonly Part[] }; // as: callTool() gives parts
    server.next({ parts: [...parts, never()] }, answer("There."));
    const tools = toolsOf(() => ({ text: "found", failed: false }));
    expect(textOf(await eventsOf(open().agent, turnOf("Look", { tools: async () => tools })))).toBe("There.");
  });

  test("is stopped by who leaves while what it cost is waited for", async () => {
    server.next({ parts: [...finished, never()] });
    const abort = new AbortController();
    const { agent, clock } = open();
    const events = eventsOf(agent, turnOf("Hello"), abort.signal);
    await clock.waiting();
    abort.abort(new Error("gone"));
    await expect(events).rejects.toThrow("gone");
    await server.asked[0]!.over;
  });
});

test("what an answer cost is counted when it comes before the 5 s are over", async () => {
  const more = gate();
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  const raw = `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
  server.next({ parts: [...finished, more.part, { raw }, gate().part] });
  const { agent, clock } = openAt(server.url);
  const events = eventsOf(agent, turnOf("Hello"));
  await clock.waiting();
  more.open();
  await clock.waiting(2);
  clock.advance(5_000);
  expect((await events).at(-1)).toEqual({ type: "done", usage: { input_tokens: 7, output_tokens: 3 } });
});

test("a server that says in every piece why it ended is heard to its end", async () => {
  const piece = (content: string) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: "stop" }] })}\n\n`;
  const more = gate();
  server.next({ parts: [{ raw: piece("One, ") }, { raw: piece("two, ") }, more.part, { raw: piece("three.") }] });
  const { agent, clock } = agentAt(server.url);
  const events = agent.run(turnOf("Count"), new AbortController().signal)[Symbol.asyncIterator]();
  expect([(await events.next()).value, (await events.next()).value]).toEqual([
    { type: "delta", content: "One, " },
    { type: "delta", content: "two, " },
  ]);
  const next = events.next();
  clock.advance(30_000);
  more.open();
  expect((await next).value).toEqual({ type: "delta", content: "three." });
  expect((await events.next()).value).toMatchObject({ type: "done" });
});

test("an answer after another goes over the same connection", async () => {
  const ports = new Set<unknown>();
  // The end of the response leaves after that of the answer, as many servers send it.
  const body = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;
  const slow = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, self) {
      ports.add(self.requestIP(request)?.port);
      const stream = new ReadableStream({
        type: "direct",
        async pull(controller) {
          controller.write(body);
          await controller.flush();
          await Bun.sleep(2);
          controller.close();
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    },
  });
  try {
    const { agent, clock } = agentAt(`http://127.0.0.1:${slow.port}/v1`);
    for (let i = 0; i < 5; i += 1) {
      expect(textOf(await eventsOf(agent, turnOf("Hello")))).toBe("Hi");
      await untilTrue(() => clock.timers === 0);
    }
    expect(ports.size).toBe(1);
  } finally {
    await slow.stop(true);
  }
});
