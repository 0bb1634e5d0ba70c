import { expect, test } from "bun:test";
import { localScene, ManualEvents, MemoryOutput } from "../support/cli.ts";

const scene = localScene();
const DATA = {
  event_id: "0198f3a2-7c1b-7000-8000-00000000000a",
  source: "github",
  type: "push",
  state: "dead",
  error: "\u001b[2Jno",
};
const FRAME = { type: "event", topic: "events", at: "2026-11-22T14:05:09.120Z", data: DATA };

function sse(type: string, data: unknown): string {
  return `event: ${type}\nid: e.1\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Says `text`, and holds the stream open if it is told to. */
function stream(text: string, open: boolean) {
  return scene.serveWith(() => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`: connected\n\n${text}`));
        if (!open) controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  });
}

test("`events tail` prints a line for each event and nothing for other topics", async () => {
  const { requests } = stream(sse("run", { data: {} }) + sse("event", FRAME), false);
  const { stdout } = await scene.zeroclaw("events tail");
  expect(stdout).toBe(`14:05:09  dead      ${DATA.event_id}  github  push  \\u001b[2Jno\n`);
  expect(requests[0]?.line).toBe("GET /api/stream");
});

test("`events tail --json` prints a document a line, on a terminal too", async () => {
  stream(sse("event", FRAME) + sse("event", FRAME), false);
  const { stdout } = await scene.zeroclaw("events tail --json", { terminal: true });
  expect(stdout).toBe(`${JSON.stringify(FRAME)}\n`.repeat(2));
});

test("`events tail` passes over what it does not understand", async () => {
  stream(`event: event\ndata: {broken\n\n${sse("event", [])}${sse("event", FRAME)}`, false);
  expect((await scene.zeroclaw("events tail")).stdout).toContain("github  push");
});

test("`events tail` says that the gateway closed the stream, with exit code 1", async () => {
  stream("", false);
  const { code, stderr } = await scene.zeroclaw("events tail");
  expect(code).toBe(1);
  expect(stderr).toContain(
    `the gateway on ${scene.dir} closed the stream. It is stopping or restarting: zeroclaw status`,
  );
});

test("`events tail` ends with 130 on Ctrl+C", async () => {
  stream(sse("event", FRAME), true);
  const events = new ManualEvents();
  const out = new MemoryOutput();
  const tailing = scene.zeroclaw("events tail", { events, out });
  await out.shows("push");
  events.signal("SIGINT");
  expect((await tailing).code).toBe(130);
  expect(events.listeners("SIGINT")).toBe(0);
});

test("`events tail` ends quietly when its reader has gone", async () => {
  stream(sse("event", FRAME), true);
  const out = new MemoryOutput();
  out.closed = true;
  expect((await scene.zeroclaw("events tail", { out })).code).toBe(0);
});
