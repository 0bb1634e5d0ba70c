import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { jsonOf, readBody, textOf } from "../../src/http/body.ts";
import { Deadlines } from "../../src/http/deadlines.ts";
import { ByteBudget } from "../../src/limits/byte-budget.ts";
import { ClientBudget } from "../../src/limits/client-budget.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

const MAX = 1_000;

function scene(budgetBytes = 10_000) {
  const clock = new ManualClock();
  const budgets = {
    announced: new ByteBudget(budgetBytes),
    counted: new ClientBudget(budgetBytes, budgetBytes),
    large: new ClientBudget(budgetBytes, budgetBytes),
    proven: new ClientBudget(budgetBytes, budgetBytes),
  };
  const budget = {
    get used() {
      return budgets.announced.used + budgets.counted.used + budgets.large.used;
    },
  };
  const limits = {
    maxBytes: MAX,
    deadlines: new Deadlines(clock, 30_000),
    budgets,
    clock,
    client: "192.0.2.1",
    proven: false,
  };
  return { clock, budget, budgets, limits };
}

function declared(body: Uint8Array<ArrayBuffer> | string, length: string): Request {
  return new Request("http://h/", { method: "POST", body, headers: { "Content-Length": length } });
}

/** A body in pieces, as chunked transfer brings it; the test writes and ends it. */
function chunked() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      cancelled = true;
    },
  });
  return {
    request: new Request("http://h/", { method: "POST", body }),
    send: (size: number) => controller.enqueue(new Uint8Array(size).fill(0x61)),
    end: () => controller.close(),
    break: (error: unknown) => controller.error(error),
    get cancelled() {
      return cancelled;
    },
  };
}

/** The code that the promise is refused with. */
async function refusal(reading: Promise<unknown>): Promise<Problem> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("The body was read, though it had to be refused");
}

describe("readBody with a Content-Length", () => {
  test("reads bodies up to the limit, and gives the budget back", async () => {
    for (const size of [0, 1, MAX]) {
      const { limits, budget } = scene();
      expect(await readBody(declared(new Uint8Array(size), String(size)), limits)).toHaveLength(size);
      expect(budget.used).toBe(0);
    }
  });

  test("refuses one byte more before anything is read or taken", async () => {
    const { limits, budget } = scene();
    const request = declared(new Uint8Array(MAX + 1), String(MAX + 1));
    const problem = await refusal(readBody(request, limits));
    expect([problem.code, problem.headers["Connection"]]).toEqual(["too_large", "close"]);
    expect(problem.message).toContain("1001 bytes were announced");
    expect([request.bodyUsed, budget.used]).toEqual([false, 0]);
  });

  test.each(["3, 3", "3,3", "-3", "abc", "0x3.", "1e400", "NaN", "99999999999999999999999", "1.5"])(
    "refuses the length %p as malformed, with the budget untouched",
    async (length) => {
      const { limits, budget } = scene();
      const { code } = await refusal(readBody(declared("abc", length), limits));
      expect(["bad_request", "too_large"]).toContain(code);
      expect(budget.used).toBe(0);
    },
  );

  test("is refused with 503 while the budget is used up, and served again afterwards", async () => {
    const { limits, budget, budgets } = scene(1_500);
    budgets.announced.take(1_000);
    budgets.counted.take("other", 1_000);
    const { code, headers } = await refusal(readBody(declared(new Uint8Array(501), "501"), limits));
    expect([code, headers["Retry-After"], headers["Connection"]]).toEqual(["overloaded", "1", "close"]);
    expect(budget.used).toBe(2_000);
    expect(await readBody(declared(new Uint8Array(500), "500"), limits)).toHaveLength(500);
    expect(budget.used).toBe(2_000);
  });
});

describe("readBody without one", () => {
  test("joins the pieces in order, and gives the budget back", async () => {
    const { limits, budget } = scene();
    const body = chunked();
    const reading = readBody(body.request, limits);
    body.send(400);
    await quiet();
    expect(budget.used).toBe(400);
    body.send(600);
    body.end();
    expect(await reading).toHaveLength(MAX);
    expect(budget.used).toBe(0);
  });

  test("of no body at all is empty", async () => {
    const { limits } = scene();
    expect(await readBody(new Request("http://h/", { method: "POST" }), limits)).toHaveLength(0);
  });

  test("refuses as soon as one byte too many has come, cancels the rest, and gives the budget back", async () => {
    const { limits, budget } = scene();
    const body = chunked();
    const reading = readBody(body.request, limits);
    body.send(MAX);
    body.send(1);
    const problem = await refusal(reading);
    expect([problem.code, problem.headers["Connection"]]).toEqual(["too_large", "close"]);
    expect([body.cancelled, budget.used]).toEqual([true, 0]);
  });

  test("counts what many hold together, and frees all of it", async () => {
    const { limits, budget } = scene(1_500);
    const [first, second] = [chunked(), chunked()];
    const readings = [readBody(first.request, limits), readBody(second.request, limits)] as const;
    first.send(900);
    await quiet();
    second.send(700);
    expect((await refusal(readings[1])).code).toBe("overloaded");
    expect([budget.used, second.cancelled]).toEqual([900, true]);
    first.end();
    await readings[0];
    expect(budget.used).toBe(0);
  });

  test("is cut 30 s after it began, however often a byte comes, and nothing is kept of it", async () => {
    const { clock, limits, budget } = scene();
    const body = chunked();
    const reading = refusal(readBody(body.request, limits));
    for (let second = 0; second < 29; second += 1) {
      body.send(1);
      await quiet();
      clock.advance(1_000);
    }
    expect(budget.used).toBe(29);
    clock.advance(1_250);
    const problem = await reading;
    expect([problem.code, problem.status, problem.headers["Connection"]]).toEqual(["request_timeout", 408, "close"]);
    expect([budget.used, body.cancelled, clock.timers]).toEqual([0, true, 0]);
  });

  test("takes nothing from the budget for what comes after the deadline", async () => {
    const { clock, limits, budget } = scene();
    // A source that does not heed its cancellation, as a socket whose bytes are already on the way.
    let hand!: (chunk: { done: false; value: Uint8Array }) => void;
    const reader = { read: () => new Promise((resolve) => (hand = resolve)), cancel: async () => undefined };
    const request = { headers: new Headers(), body: { getReader: () => reader } };
    const reading = refusal(readBody(request as unknown as Request, limits)); // all that readBody looks at
    clock.advance(30_250);
    expect((await reading).code).toBe("request_timeout");
    hand({ done: false, value: new Uint8Array(500) });
    await quiet();
    expect(budget.used).toBe(0);
  });

  test("of a client that leaves in the middle is bad_request, and gives the budget back", async () => {
    const { limits, budget, clock } = scene();
    const body = chunked();
    const reading = refusal(readBody(body.request, limits));
    body.send(10);
    await quiet();
    body.break(new DOMException("The connection was closed.", "AbortError"));
    const problem = await reading;
    expect([problem.code, budget.used]).toEqual(["bad_request", 0]);
    clock.advance(250);
    expect(clock.timers).toBe(0);
  });

  test("that Bun has cut at its own cap is too_large for the log", async () => {
    const { limits } = scene();
    const body = chunked();
    const reading = refusal(readBody(body.request, limits));
    body.break(new Error("Request body exceeded maxRequestBodySize"));
    expect((await reading).code).toBe("too_large");
  });

  test("gives the budget back in every case: any pieces, any end", async () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.constantFrom("end", "break", "late"), async (sizes, ending) => {
        const { clock, limits, budget } = scene(1_200);
        const body = chunked();
        const reading = readBody(body.request, limits).then(
          (bytes) => bytes.length,
          (error) => error,
        );
        for (const size of sizes) body.send(size);
        await quiet();
        if (!body.cancelled && ending === "end") body.end();
        if (!body.cancelled && ending === "break") body.break(new Error("reset"));
        clock.advance(31_000);
        const result: unknown = await reading;
        const sum = sizes.reduce((a, b) => a + b, 0);
        if (typeof result === "number") expect([result, sum <= MAX, ending]).toEqual([sum, true, "end"]);
        else expect(result).toBeInstanceOf(Problem);
        expect(budget.used).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("readBody behind a real socket", () => {
  const open: (() => unknown)[] = [];
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });

  /** A server whose only work is the body; what became of it is in `ends`. */
  function serve() {
    const { clock, budget, limits } = scene();
    const ends: string[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      maxRequestBodySize: 1 << 20,
      fetch: async (request) => {
        const outcome = await readBody(request, limits).then(
          ({ length }) => `${length} bytes`,
          ({ code }) => String(code),
        );
        ends.push(outcome);
        return new Response(outcome);
      },
    });
    open.push(() => server.stop(true));
    return { clock, budget, ends, port: server.port ?? 0 };
  }

  function send(port: number, text: string): { socket: Socket; answer: Promise<string> } {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    open.push(() => socket.destroy());
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = "";
    socket.on("data", (data) => {
      received += data;
      if (received.includes("\r\n\r\n")) resolve(received);
    });
    return { socket, answer: promise };
  }

  async function ended(ends: readonly string[]): Promise<string> {
    for (let turn = 0; turn < 5_000 && ends.length === 0; turn += 1) await quiet();
    return ends[0] ?? "nothing happened";
  }

  test("a Content-Length that came twice is refused rather than a failure of ours", async () => {
    const { port, budget } = serve();
    const { answer } = send(port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    expect(await answer).toEndWith("bad_request");
    expect(budget.used).toBe(0);
  });

  test("a body that ends before its announced length is bad_request, and frees what was taken", async () => {
    const { port, budget, ends } = serve();
    const { socket } = send(port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nabc");
    for (let turn = 0; turn < 5_000 && budget.used === 0; turn += 1) await quiet();
    expect(budget.used).toBe(900);
    socket.destroy();
    expect(await ended(ends)).toBe("bad_request");
    expect(budget.used).toBe(0);
  });

  test("a silent body is answered 408 at the deadline, chunked or declared", async () => {
    for (const framing of ["Content-Length: 900", "Transfer-Encoding: chunked"]) {
      const { port, budget, clock } = serve();
      const { answer } = send(port, `POST / HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n3\r\nabc\r\n`);
      for (let turn = 0; turn < 5_000 && clock.timers === 0; turn += 1) await quiet();
      clock.advance(30_250);
      expect(await answer).toEndWith("request_timeout");
      expect(budget.used).toBe(0);
    }
  });
});

describe("textOf and jsonOf", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const utf8 = (text: string) => new TextEncoder().encode(text);

  test("refuse what is no UTF-8: overlong, cut, surrogates, Latin-1", () => {
    for (const wrong of [bytes(0xc0, 0xaf), bytes(0xe2, 0x82), bytes(0xed, 0xa0, 0x80), bytes(0xe9)]) {
      expect(() => textOf(wrong)).toThrow("not valid UTF-8");
      expect(() => jsonOf(wrong)).toThrow("not valid UTF-8");
    }
  });

  test("say what is wrong with JSON, and of an empty body that it is empty", () => {
    expect(() => jsonOf(bytes())).toThrow("it is empty");
    expect(() => jsonOf(utf8(" \n"))).toThrow("it is empty");
    expect(() => jsonOf(utf8('{"a":'))).toThrow("Cannot read the body as JSON");
  });

  test("read back every JSON value, with a byte order mark or without", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, marked) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(jsonOf(utf8(marked ? `\ufeff${text}` : text)))).toBe(text);
      }),
    );
  });

  test("throw nothing but Problems, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        try {
          jsonOf(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
  });
});
