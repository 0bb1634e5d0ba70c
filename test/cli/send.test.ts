import { expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { frames, localScene, ManualEvents, MemoryOutput, problem } from "../support/cli.ts";
import { ManualClock } from "../support/clock.ts";

const RUN = "0198f3a2-7c1b-7000-8000-0000000000aa";
const scene = localScene();

function delta(content: string, attempt = 1) {
  return { type: "delta", run_id: RUN, message_id: "m", session_id: "s", seq: 1, attempt, content };
}

function response(content: string) {
  return { type: "response", content, session_id: "s", message_id: "m", run_id: RUN, seq: 9, model: "operator" };
}

/** A stream that says these frames and then nothing, until the run is cancelled. */
function hanging(first: readonly Record<string, unknown>[], headers: Record<string, string> = {}) {
  const ended = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const gateway = scene.serveWith((request) => {
    if (request.method === "DELETE") {
      ended.resolve();
      return Response.json({ run_id: RUN, state: "cancelled" });
    }
    const said = first.map((frame) => `event: ${frame["type"]}\ndata: ${JSON.stringify(frame)}\n\n`).join("");
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(`: connected\n\n${said}`));
        begun.resolve();
        await ended.promise;
        const cancelled = { type: "error", code: "cancelled", detail: "The run was cancelled.", run_id: RUN };
        controller.enqueue(new TextEncoder().encode(`event: error\ndata: ${JSON.stringify(cancelled)}\n\n`));
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream", ...headers } });
  });
  return { gateway, begun: begun.promise };
}

test("`send` prints the answer alone, once it is whole", async () => {
  const { requests } = scene.serveWith(() => frames([delta("Hel"), delta("lo"), response("Hello")]));
  expect(await scene.zeroclaw("send what is new --session work")).toEqual({ code: 0, stdout: "Hello\n", stderr: "" });
  expect(requests).toEqual([
    { line: "POST /api/message", body: '{"message":"what is new","stream":true,"session_id":"work"}' },
  ]);
});

test("`send --stream` prints each piece as it comes, and the line's end", async () => {
  scene.serveWith(() => frames([delta("Hel"), delta("lo\u001b[2J"), response("Hello\u001b[2J")]));
  expect((await scene.zeroclaw("send hi --stream")).stdout).toBe("Hello\\u001b[2J\n");
});

test.each([
  ["Hel", "Hello\n", "Hello\n"],
  ["Something", "Else", "Something\nElse\n"],
  ["", "Hello", "Hello\n"],
])("`send --stream` prints %j for the deltas and what they left out of %j", async (said, whole, shown) => {
  scene.serveWith(() => frames([delta(said), response(whole)]));
  expect((await scene.zeroclaw("send hi --stream")).stdout).toBe(shown);
});

test("`send --stream` says that an answer begins again after a crash", async () => {
  scene.serveWith(() => frames([delta("Hal"), delta("Hello", 2), response("Hello")]));
  const { stdout, stderr } = await scene.zeroclaw("send hi --stream");
  expect(stdout).toBe("Hal\nHello\n");
  expect(stderr).toContain("the answer begins again");
});

test("`send --json` prints the answer as POST /api/message gives it", async () => {
  scene.serveWith(() => frames([response("Hello")]));
  const expected = { response: "Hello", session_id: "s", message_id: "m", run_id: RUN, model: "operator" };
  expect(JSON.parse((await scene.zeroclaw("send hi --json")).stdout)).toEqual(expected);
});

test("`send` reads stdin when there is no text, or a dash for it", async () => {
  const { requests } = scene.serveWith(() => frames([response("ok")]));
  await scene.zeroclaw("send", { stdin: "from a pipe\n" });
  await scene.zeroclaw("send -", { stdin: "two\nlines\n" });
  expect(requests.map(({ body }) => JSON.parse(body).message)).toEqual(["from a pipe", "two\nlines"]);
});

test.each([
  ["send", "an empty", "", "stdin was empty."],
  ["send -", "a huge", "x".repeat(65_537), "stdin holds more than the 65536 bytes"],
  ["send hi --session a/b", "an empty", "", '"--session a/b" is not a session\'s name.'],
])("`%s` with %s stdin is a usage error", async (line, _stdin, stdin, message) => {
  const { code, stderr } = await scene.zeroclaw(line, { stdin });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("`send` without text at a terminal asks for some instead of waiting", async () => {
  const { code, stderr } = await scene.zeroclaw("send", { terminal: true });
  expect(code).toBe(2);
  expect(stderr).toContain('there is no message. Give it as <text>, or "-" for stdin.');
});

test("`send` tells the agent's error on stderr, with exit code 1", async () => {
  const error = { type: "error", code: "agent_failed", detail: "The model\u0007 is not there.", run_id: RUN };
  scene.serveWith(() => frames([delta("Hm"), error]));
  expect(await scene.zeroclaw("send hi")).toEqual({
    code: 1,
    stdout: "",
    stderr: "The agent could not answer: The model\\u0007 is not there.\n",
  });
});

test("`send` tells a refusal", async () => {
  scene.serveWith(() => problem(429, "session_busy", "This session has too many messages waiting."));
  const { code, stderr } = await scene.zeroclaw("send hi");
  expect([code, stderr]).toEqual([1, "Cannot send the message: This session has too many messages waiting.\n"]);
});

test("`send` says when the gateway went away in the middle and stays away, and names the run", async () => {
  let asked = 0;
  scene.serveWith(() => {
    asked += 1;
    return asked === 1 ? frames([delta("Hel")]) : problem(503, "shutting_down", "The gateway is stopping.");
  });
  const clock = new ManualClock();
  const sent = scene.zeroclaw("send hi", { clock });
  let over = false;
  void sent.then(() => {
    over = true;
  });
  while (!over) {
    await quiet();
    if (clock.timers > 0) clock.advance(5_000); // it waits for its next try, and not for an answer
  }
  const { code, stderr } = await sent;
  expect(code).toBe(1);
  expect(stderr).toContain(`closed the connection before the answer was whole. The run ${RUN} goes on`);
  expect(asked).toBe(13); // the message, and a try every 5 s of a minute
});

test("`send --stream` goes on where the stream broke off, and says so once", async () => {
  const { requests } = scene.serveWith((request) => {
    if (request.method === "POST") return frames([{ ...delta("Hel"), seq: 4 }]);
    return frames([{ ...delta("lo"), seq: 5 }, response("Hello")]);
  });
  const [clock, out, err] = [new ManualClock(), new MemoryOutput(), new MemoryOutput()];
  const sent = scene.zeroclaw("send hi --stream", { clock, out, err });
  await err.shows("waiting for it to come back");
  clock.advance(200);
  expect(await sent).toMatchObject({ code: 0, stdout: "Hello\n" });
  expect(requests[1]?.line).toBe(`GET /api/runs/${RUN}?after=4`);
  expect(err.text.match(/waiting/g)).toHaveLength(1);
});

test("`send` gives up at once on a run that is not there any more", async () => {
  const lost = { ...delta("Hel") };
  scene.serveWith((request) =>
    request.method === "POST" ? frames([lost]) : problem(404, "not_found", "Cannot find the run."),
  );
  const [clock, err] = [new ManualClock(), new MemoryOutput()];
  const sent = scene.zeroclaw("send hi --stream", { clock, err });
  await err.shows("waiting for it to come back");
  clock.advance(200);
  expect((await sent).code).toBe(1);
});

test("Ctrl+C during `send --stream` cancels the run it has heard of, and ends with 130", async () => {
  const { gateway } = hanging([delta("Hel")]);
  const events = new ManualEvents();
  const out = new MemoryOutput();
  const sent = scene.zeroclaw("send hi --stream", { events, out });
  await out.shows("Hel");
  events.signal("SIGINT");
  expect(await sent).toEqual({ code: 130, stdout: "Hel\n", stderr: "Cancelled.\n" });
  expect(gateway.requests.at(-1)?.line).toBe(`DELETE /api/runs/${RUN}`);
});

test("Ctrl+C during `send` cancels a run that has said nothing yet, named by the answer's Location", async () => {
  const { gateway, begun } = hanging([], { Location: `/api/runs/${RUN}` });
  const events = new ManualEvents();
  const sent = scene.zeroclaw("send hi", { events });
  await begun;
  events.signal("SIGINT");
  expect((await sent).code).toBe(130);
  expect(gateway.requests.at(-1)?.line).toBe(`DELETE /api/runs/${RUN}`);
});

test("Ctrl+C before the run has a name leaves, and says that it goes on", async () => {
  const { begun } = hanging([]);
  const events = new ManualEvents();
  const sent = scene.zeroclaw("send hi", { events });
  await begun;
  events.signal("SIGINT");
  const { code, stderr } = await sent;
  expect(code).toBe(130);
  expect(stderr).toContain("its answer will be in the session");
});

test("`send` stops listening for signals when it has ended", async () => {
  scene.serveWith(() => frames([response("ok")]));
  const events = new ManualEvents();
  await scene.zeroclaw("send hi", { events });
  expect(events.listeners("SIGINT")).toBe(0);
});
