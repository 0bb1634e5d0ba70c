import { expect, test } from "bun:test";
import { frames, localScene, ManualEvents, MemoryOutput, problem } from "../support/cli.ts";

const RUN = "0198f3a2-7c1b-7000-8000-0000000000aa";
const STATUS = { status: "ok", agent: { kind: "operator", model: "operator" } };
const scene = localScene();

/** A gateway that answers each message with `Answer to <message>`. */
function echo() {
  return scene.serveWith(async (request, url) => {
    if (url.pathname === "/api/status") return Response.json(STATUS);
    if (request.method === "GET") return problem(404, "not_found", "Cannot find the session.");
    const { message } = JSON.parse(await request.text());
    const frame = { type: "response", content: `Answer to ${message}`, run_id: RUN, session_id: "s", seq: 1 };
    return frames([{ ...frame, type: "delta", content: "Answer ", attempt: 1 }, frame]);
  });
}

/** A gateway whose agent says "Well" and then thinks until it is cancelled. */
function thinking() {
  const cancelled = Promise.withResolvers<void>();
  return scene.serveWith((request, url) => {
    if (url.pathname === "/api/status") return Response.json(STATUS);
    if (request.method === "GET") return problem(404, "not_found", "Cannot find the session.");
    if (request.method === "DELETE") {
      cancelled.resolve();
      return Response.json({});
    }
    const body = new ReadableStream({
      async start(controller) {
        const say = (frame: object) =>
          controller.enqueue(
            new TextEncoder().encode(
              `event: ${"code" in frame ? "error" : "delta"}\ndata: ${JSON.stringify(frame)}\n\n`,
            ),
          );
        say({ run_id: RUN, attempt: 1, content: "Well" });
        await cancelled.promise;
        say({ code: "cancelled", detail: "", run_id: RUN });
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
}

/** A person at a terminal: types when told. */
function person() {
  const out = new MemoryOutput(true);
  const err = new MemoryOutput(true);
  const events = new ManualEvents();
  let keyboard!: ReadableStreamDefaultController<Uint8Array>;
  const stdin = new ReadableStream<Uint8Array>({
    start(controller) {
      keyboard = controller;
    },
  });
  return {
    options: { terminal: true, stdin, events, out, err },
    out,
    err,
    events,
    type: (line: string) => keyboard.enqueue(new TextEncoder().encode(`${line}\n`)),
    leave: () => keyboard.close(),
  };
}

test("`chat` takes each line of a pipe for one message and prints nothing but answers", async () => {
  const { requests } = echo();
  const ended = await scene.zeroclaw("chat -s work", { stdin: "one\n\n  \ntwo" });
  expect(ended).toEqual({ code: 0, stdout: "Answer to one\nAnswer to two\n", stderr: "" });
  const bodies = requests.slice(1).map(({ body }) => JSON.parse(body));
  expect(bodies.map(({ message, session_id }) => [message, session_id])).toEqual([
    ["one", "work"],
    ["two", "work"],
  ]);
});

test("`chat` goes on after a refused or failed message of a pipe, and ends with 1", async () => {
  let count = 0;
  scene.serveWith((_request, url) => {
    if (url.pathname === "/api/status") return Response.json(STATUS);
    count += 1;
    if (count === 1) return problem(413, "too_large", "The message is too large.");
    if (count === 2) return frames([{ type: "error", code: "agent_failed", detail: "No.", run_id: RUN }]);
    return frames([{ type: "response", content: "third", run_id: RUN }]);
  });
  const { code, stdout, stderr } = await scene.zeroclaw("chat", { stdin: "a\nb\nc\n" });
  expect([code, stdout]).toEqual([1, "third\n"]);
  expect(stderr).toBe("Cannot send the message: The message is too large.\nThe agent could not answer: No.\n");
});

test("`chat` prompts a person, and Ctrl+D leaves with 0", async () => {
  echo();
  const me = person();
  const chatting = scene.zeroclaw("chat", me.options);
  await me.out.shows("> ");
  me.type("hi");
  await me.out.shows("Answer to hi\n> ");
  me.leave();
  expect((await chatting).code).toBe(0);
  expect(me.out.text).toBe("> Answer to hi\n> \n");
  expect(me.err.text).toContain('Talking to the agent "operator".');
});

test("Ctrl+C cancels the running answer of `chat`, and the conversation goes on", async () => {
  const { requests } = thinking();
  const me = person();
  const chatting = scene.zeroclaw("chat", me.options);
  await me.out.shows("> ");
  me.type("hi");
  await me.out.shows("Well");
  me.events.signal("SIGINT");
  await me.out.shows("Well\n> ");
  expect(me.err.text).toContain("Cancelled.");
  expect(requests.at(-1)?.line).toBe(`DELETE /api/runs/${RUN}`);
  me.leave();
  expect((await chatting).code).toBe(0);
});

test("Ctrl+C at the prompt of `chat` explains itself, and a second one leaves with 130", async () => {
  echo();
  const me = person();
  const chatting = scene.zeroclaw("chat", me.options);
  await me.out.shows("> ");
  me.events.signal("SIGINT");
  expect(me.err.text).toContain("Ctrl+C again, or Ctrl+D, leaves.");
  me.events.signal("SIGINT");
  expect((await chatting).code).toBe(130);
});

test("a message between two Ctrl+C at the prompt of `chat` makes the second one a first one", async () => {
  echo();
  const me = person();
  const chatting = scene.zeroclaw("chat", me.options);
  await me.out.shows("> ");
  me.events.signal("SIGINT");
  me.type("hi");
  await me.out.shows("Answer to hi\n> ");
  me.events.signal("SIGINT");
  me.type("still here");
  await me.out.shows("Answer to still here\n> ");
  me.leave();
  expect((await chatting).code).toBe(0);
});

test("`chat` with a pipe ends with 1 when the gateway goes away", async () => {
  scene.serveWith((_request, url) => (url.pathname === "/api/status" ? Response.json(STATUS) : frames([])));
  const { code, stderr } = await scene.zeroclaw("chat", { stdin: "a\nb\n" });
  expect(code).toBe(1);
  expect(stderr).toContain("closed the connection before the answer was whole.");
});

test("Ctrl+C during `chat` with a pipe cancels the answer before it leaves with 130", async () => {
  const { requests } = thinking();
  const events = new ManualEvents();
  const out = new MemoryOutput();
  const chatting = scene.zeroclaw("chat", { stdin: "a\nb\n", events, out });
  await out.shows("Well");
  events.signal("SIGINT");
  expect((await chatting).code).toBe(130);
  expect(requests.map(({ line }) => line)).toContain(`DELETE /api/runs/${RUN}`);
});
