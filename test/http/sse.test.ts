import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import fc from "fast-check";
import { formatSse, PING_MS, type SseEvent, sseStream } from "../../src/http/sse.ts";
import { SseParser } from "../../src/lib/sse.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

/** A source that the test feeds, which notes how it was left. */
class Source {
  signal: AbortSignal | null = null;
  /** How many events the stream has asked for. */
  asked = 0;
  left = false;
  readonly #waiting: ((event: SseEvent | Error | null) => void)[] = [];
  readonly #ready: (SseEvent | Error | null)[] = [];

  /** Null ends the source, an Error breaks it. */
  give(...events: readonly (SseEvent | Error | null)[]): void {
    for (const event of events) {
      const taker = this.#waiting.shift();
      if (taker) taker(event);
      else this.#ready.push(event);
    }
  }

  readonly events = (signal: AbortSignal) => {
    this.signal = signal;
    signal.addEventListener("abort", () => this.give(null), { once: true });
    return this.#generate();
  };

  async *#generate(): AsyncGenerator<SseEvent> {
    try {
      for (;;) {
        this.asked += 1;
        const event = this.#ready.shift() ?? (await new Promise<SseEvent | Error | null>((r) => this.#waiting.push(r)));
        if (event === null) return;
        if (event instanceof Error) throw event;
        yield event;
      }
    } finally {
      this.left = true;
    }
  }
}

function scene() {
  const clock = new ManualClock();
  const source = new Source();
  let ended = 0;
  const stream = sseStream(source.events, clock, () => {
    ended += 1;
  });
  const reader = stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { clock, source, reader, read, ended: () => ended };
}

const BIG = "x".repeat(70_000);

describe("sseStream", () => {
  test("opens with a comment, so that the headers leave, then gives each event as it comes", async () => {
    const { source, read, ended } = scene();
    expect(await read()).toBe(": connected\n\n");
    source.give({ event: "delta", id: "7", data: '{"a":1}' }, { data: "x" });
    expect(await read()).toBe('event: delta\nid: 7\ndata: {"a":1}\n\n');
    expect(await read()).toBe("data: x\n\n");
    source.give(null);
    expect(await read()).toBeNull();
    expect([source.left, ended()]).toEqual([true, 1]);
  });

  test("pings every 10 s while the source is silent, and leaves no timer behind at the end", async () => {
    const { clock, source, read } = scene();
    await read();
    clock.advance(PING_MS);
    expect(await read()).toBe(": ping\n\n");
    clock.advance(PING_MS);
    expect(await read()).toBe(": ping\n\n");
    source.give(null);
    expect(await read()).toBeNull();
    expect(clock.timers).toBe(0);
  });

  test("goes at the reader's pace: a full buffer asks the source for nothing more", async () => {
    const { source, read } = scene();
    source.give({ data: BIG }, { data: "second" }, { data: "third" });
    await quiet();
    expect(source.asked).toBe(1);
    await read();
    await read();
    await quiet();
    expect(source.asked).toBeGreaterThan(1);
    expect(await read()).toBe("data: second\n\n");
    expect(await read()).toBe("data: third\n\n");
  });

  test("does not pile pings onto a full buffer", async () => {
    const { clock, source, read } = scene();
    source.give({ data: BIG });
    await quiet();
    clock.advance(5 * PING_MS);
    expect(await read()).toBe(": connected\n\n");
    expect(await read()).toStartWith("data: xxx");
    source.give({ data: "next" });
    expect(await read()).toBe("data: next\n\n");
  });

  test("cuts off a reader that takes nothing for 60 s, and tells the source", async () => {
    const { clock, source, read, ended } = scene();
    source.give({ data: BIG }, { data: "never sent" });
    await quiet();
    clock.advance(59_999);
    expect(source.signal?.aborted).toBe(false);
    clock.advance(1);
    await quiet();
    expect([source.signal?.aborted, source.left, ended(), clock.timers]).toEqual([true, true, 1, 0]);
    await read();
    await read();
    expect(await read()).toBeNull();
  });

  test("begins the 60 s anew whenever the reader takes something", async () => {
    const { clock, source, read } = scene();
    source.give({ data: BIG }, { data: BIG }, { data: "last" });
    await read();
    await quiet();
    clock.advance(50_000);
    await read();
    await quiet();
    clock.advance(50_000);
    expect(source.signal?.aborted).toBe(false);
    await read();
    expect(await read()).toBe("data: last\n\n");
  });

  test("tells the source when the client has gone, also while it waits for room", async () => {
    for (const data of ["small", BIG]) {
      const { clock, source, reader, ended } = scene();
      source.give({ data });
      await quiet();
      await reader.cancel();
      await quiet();
      expect([source.signal?.aborted, source.left, ended(), clock.timers]).toEqual([true, true, 1, 0]);
    }
  });

  test("leaves a source that says one thing more to a client that has gone", async () => {
    const clock = new ManualClock();
    const gate = Promise.withResolvers<void>();
    let left = false;
    async function* deaf(): AsyncGenerator<SseEvent> {
      try {
        await gate.promise;
        yield { data: "late" };
        yield { data: "later" };
      } finally {
        left = true;
      }
    }
    const reader = sseStream(deaf, clock).getReader();
    await quiet();
    await reader.cancel();
    gate.resolve();
    await quiet();
    expect([left, clock.timers]).toEqual([true, 0]);
  });

  test("ends when the source breaks, without an error for the connection or the process", async () => {
    const { clock, source, read, ended } = scene();
    await read();
    source.give({ data: "before" }, new Error("the store is gone"));
    expect(await read()).toBe("data: before\n\n");
    expect(await read()).toBeNull();
    expect([ended(), clock.timers]).toEqual([1, 0]);
  });

  test("writes what the standard's reader reads back, for any event of one line", async () => {
    const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\0]/.test(text));
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}$/), line, fc.jsonValue(), (event, id, value) => {
        const data = JSON.stringify(value);
        const [read, ...more] = new SseParser().push(formatSse({ event, id, data }));
        expect(more).toEqual([]);
        expect(read).toEqual({ type: event, lastEventId: id, data });
      }),
    );
  });
});

describe("sseStream behind a real socket", () => {
  /** Serves the stream once to a raw request, which is cut off after its headers when `leave` is set. */
  async function ask(head: string, leave: boolean) {
    const clock = new ManualClock();
    const source = new Source();
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response(sseStream(source.events, clock)),
    });
    const { promise: answered, resolve } = Promise.withResolvers<string>();
    let received = "";
    const socket = connect(server.port ?? 0, "127.0.0.1", () => socket.write(`${head} / HTTP/1.1\r\nHost: h\r\n\r\n`));
    socket.on("data", (data) => {
      received += data;
      resolve(received);
    });
    await answered;
    if (leave) socket.destroy();
    for (let turn = 0; turn < 5_000 && !source.left; turn += 1) await quiet();
    socket.destroy();
    await server.stop(true);
    return { source, clock };
  }

  test("a client that closes its connection ends the source", async () => {
    const { source, clock } = await ask("GET", true);
    expect([source.left, clock.timers]).toEqual([true, 0]);
  });

  test("HEAD, which takes no body, ends the source although the connection stays", async () => {
    const { source, clock } = await ask("HEAD", false);
    expect([source.left, clock.timers]).toEqual([true, 0]);
  });
});
