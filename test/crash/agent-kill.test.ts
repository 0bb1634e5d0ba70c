import { beforeAll, describe, expect, test } from "bun:test";
import { answer, ending, gate, ModelServer } from "../fakes/model-server.ts";
import { modelConfig, restarted, resumed, SseReader, Transcript } from "../support/agent-door.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { BINARY, buildBinary, eventually, GatewayProcess } from "../support/gateway-process.ts";
import { type Frame, GatewaySocket } from "../support/gateway-socket.ts";

const LOST = ["Words ", "nobody ", "keeps"] as const;
const PIECES = ["The ", "whole ", "answer, ", "exactly ", "once."] as const;
const WHOLE = PIECES.join("");

beforeAll(buildBinary, 120_000);

/** A gateway in a process of its own, and the model that it asks, in this one. */
async function bench() {
  const model = await ModelServer.start();
  const gateway = await GatewayProcess.start(BINARY, { config: modelConfig(model.url) });
  const token = await gateway.pair();
  return {
    model,
    gateway,
    token,
    async [Symbol.asyncDispose]() {
      await gateway.remove();
      await model.stop();
    },
  };
}

/** Says three pieces, then nothing: the answer that is under way when the gateway dies. */
function unfinished() {
  const { part } = gate();
  return { parts: [...LOST.map((say) => ({ say })), part] };
}

/** Says the whole answer, but stops before its third piece until the test goes on. */
function paused() {
  const { part, open } = gate();
  const [one, two, ...rest] = PIECES.map((say) => ({ say }));
  return { script: { parts: [one!, two!, part, ...rest, ending("stop")] }, open };
}

async function deltas(next: () => Promise<Frame | null>, transcript: Transcript, text: string): Promise<void> {
  while (transcript.text !== text) {
    const frame = await next();
    if (frame === null) throw new Error(`The stream ended at "${transcript.text}"`);
    transcript.add(frame);
  }
}

function expectRising(seqs: readonly number[]): void {
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
}

/** One question and one answer, whatever happened in between. */
async function expectHistory(client: GatewayClient, session: string, question: string): Promise<void> {
  const messages = (await client.get(`/api/sessions/${session}`)).rows("messages");
  expect(messages.map(({ role, content }) => [role, content])).toEqual([
    ["user", question],
    ["assistant", WHOLE],
  ]);
}

describe("a gateway that is killed in the middle of an answer", () => {
  test("gives a socket that comes back the whole answer exactly once: attempt 2 discards what was said before", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    const second = paused();
    model.next(unfinished(), second.script);
    const seen = new Transcript();
    const socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", content: "Are you there?", session_id: "talk", stream: true });
    await deltas(() => socket.next(), seen, LOST.join(""));
    const before = seen.frames.length;

    await gateway.kill();
    await socket.closed;
    await using later = await restarted(gateway);
    using back = await resumed(later.url, token, "talk", seen.last);
    await deltas(() => back.next(), seen, "The whole ");
    second.open();
    seen.add(...(await back.through("response")));

    expect(seen.text).toBe(WHOLE);
    expect(seen.terminals).toMatchObject([{ type: "response", content: WHOLE, run_id: seen.run_id }]);
    expect(seen.frames.slice(0, before).every(({ attempt }) => attempt === 1)).toBe(true);
    const after = seen.frames.slice(before).filter(({ type }) => type === "delta");
    expect(after.every(({ attempt }) => attempt === 2)).toBe(true);
    expectRising(seen.seqs);
    expect(await back.rest()).toEqual([]);
    await expectHistory(later.client(token), "talk", "Are you there?");
    expect(model.asked).toHaveLength(2);
    expect(await later.client(token).get(`/api/runs/${seen.run_id}`)).toMatchObject({ status: 200 });
  });

  test("gives a reader of server-sent events the same, by Last-Event-ID", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    const second = paused();
    model.next(unfinished(), second.script);
    const seen = new Transcript();
    const headers = { Authorization: `Bearer ${token}` };
    const body = JSON.stringify({ message: "Are you there?", session_id: "talk", stream: true });
    await using cut = new SseReader(
      await gateway.fetch("/api/message", {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body,
      }),
    );
    await deltas(() => cut.next(), seen, LOST.join(""));

    await gateway.kill();
    await expect(cut.rest()).rejects.toThrow();
    await using later = await restarted(gateway);
    const place = { Accept: "text/event-stream", "Last-Event-ID": String(seen.last) };
    await using back = new SseReader(
      await later.fetch(`/api/runs/${seen.run_id}`, { headers: { ...headers, ...place } }),
    );
    await deltas(() => back.next(), seen, "The whole ");
    second.open();
    seen.add(...(await back.rest()));

    expect(seen.text).toBe(WHOLE);
    expect(seen.attempt).toBe(2);
    expect(seen.terminals).toMatchObject([{ type: "response", content: WHOLE, run_id: seen.run_id }]);
    expectRising(seen.seqs);
    await expectHistory(later.client(token), "talk", "Are you there?");
    expect(model.asked).toHaveLength(2);
    const run = (await later.client(token).get(`/api/runs/${seen.run_id}`)).json;
    expect(run).toMatchObject({ state: "done", attempt: 2, response: WHOLE });
  });

  test("answers the messages that waited behind that answer, in their order, each once", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    model.next(unfinished(), answer("One."), answer("Two."));
    const socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", content: "1", id: "one", session_id: "talk", stream: true });
    const seen = new Transcript();
    await deltas(() => socket.next(), seen, LOST.join(""));
    socket.send({ type: "message", content: "2", id: "two", session_id: "talk" });
    const session = () => gateway.client(token).get("/api/sessions/talk");
    await eventually("it is on disk", async () => (await session()).text.includes('"content":"2"'));

    await gateway.kill();
    await using later = await restarted(gateway);
    using back = await resumed(later.url, token, "talk", seen.last);
    const frames = [...(await back.through("response")), ...(await back.through("response"))];
    const answers = frames.filter(({ type }) => type === "response").map(({ content }) => content);
    expect(answers).toEqual(["One.", "Two."]);
    expect(model.asked).toHaveLength(3);
  });
});

describe("an answer under way in a gateway of its own process", () => {
  test("goes on while its socket is gone, which loses and doubles no character when it comes back", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    const [away, end] = [gate(), gate()];
    const [one, two, three, ...rest] = PIECES.map((say) => ({ say }));
    model.next({ parts: [one!, two!, away.part, three!, end.part, ...rest, ending("stop")] });
    const seen = new Transcript();
    const socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", content: "Hello", session_id: "talk", stream: true });
    await deltas(() => socket.next(), seen, "The whole ");
    socket.close();
    await socket.closed;

    // Somebody else sees the third piece come while the first client is away.
    using other = await resumed(gateway.url, token, "talk", seen.last);
    away.open();
    expect((await other.through("delta")).at(-1)).toMatchObject({ content: "answer, " });
    using back = await resumed(gateway.url, token, "talk", seen.last);
    await deltas(() => back.next(), seen, "The whole answer, ");
    end.open();
    seen.add(...(await back.through("response")));
    expect(seen.text).toBe(WHOLE);
    expect(seen.attempt).toBe(1);
    expect(seen.terminals).toMatchObject([{ type: "response", content: WHOLE }]);
    expectRising(seen.seqs);
    expect(model.asked).toHaveLength(1);
  });

  test("is cancelled over a socket: the model's server sees the connection go", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    model.next(unfinished());
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", id: "m", content: "Hello", stream: true });
    await deltas(() => socket.next(), new Transcript(), LOST.join(""));
    socket.send({ type: "cancel", id: "m" });
    expect((await socket.through("error")).at(-1)).toMatchObject({ code: "cancelled", id: "m" });
    const asked = await model.arrived();
    await asked.over;
    expect(asked.disconnected).toBe(true);
  });

  test("is ended before the message behind it is answered, which knows of it", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    const first = paused();
    model.next(first.script, answer("And the second."));
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", id: "one", content: "First", stream: true });
    const seen = new Transcript();
    await deltas(() => socket.next(), seen, "The whole ");
    socket.send({ type: "message", id: "two", content: "Second", stream: true });
    expect(await socket.rest()).toEqual([]);
    expect(model.asked).toHaveLength(1);
    first.open();
    expect((await socket.through("response")).at(-1)).toMatchObject({ id: "one", content: WHOLE });
    expect((await socket.through("response")).at(-1)).toMatchObject({ id: "two", content: "And the second." });
    const said: readonly { role: string; content: unknown }[] = (await model.arrived(2)).body.messages;
    expect(said.filter(({ role }) => role !== "system").map(({ content }) => content)).toEqual([
      "First",
      WHOLE,
      "Second",
    ]);
  });

  test("gives way to a message that steers: the model's server sees it go, and the new answer comes", async () => {
    await using all = await bench();
    const { model, gateway, token } = all;
    model.next(unfinished(), answer(...PIECES));
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    socket.send({ type: "message", id: "one", content: "First", stream: true });
    await deltas(() => socket.next(), new Transcript(), LOST.join(""));
    socket.send({ type: "message", id: "two", content: "No, this", stream: true, steer: true });
    expect((await socket.through("error")).at(-1)).toMatchObject({ id: "one", code: "cancelled" });
    const frames = await socket.through("response");
    expect(frames.at(-1)).toMatchObject({ id: "two", content: WHOLE });
    expect(frames.filter(({ type }) => type === "delta").map(({ content }) => content)).toEqual([...PIECES]);
    const asked = await model.arrived(1);
    await asked.over;
    expect(asked.disconnected).toBe(true);
    expect(model.asked).toHaveLength(2);
  });
});
