import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { OWNER, PHONE, SENSOR, TABLET, World } from "../support/socket.ts";

function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

describe("the client of the page", () => {
  test("opens, sends a message with its token, and gets exactly one frame: the answer", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ type: "message", content: "Hello from client", token: PHONE });
    const [run] = world.store.rows.values();
    expect(client.frames).toEqual([
      {
        type: "response",
        content: "You said: Hello from client",
        session_id: "device:phone",
        message_id: run!.message_id,
        run_id: run!.run_id,
        seq: run!.seq,
        model: "scripted-1",
      },
    ]);
    expect(client.socket.closed).toBeNull();
  });

  test("may leave the token out of its later messages, or send it every time", async () => {
    const client = new World().connect();
    await client.send({ type: "message", content: "one", token: PHONE });
    await client.send({ type: "message", content: "two" }, { type: "message", content: "three", token: PHONE });
    expect(client.frames.map(({ content }) => content)).toEqual(["You said: one", "You said: two", "You said: three"]);
  });

  test("hears of a wrong token, and may try again on the same socket", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ type: "message", content: "Hi", token: "zc_wrong", id: "1" });
    expect(client.frames).toMatchObject([{ type: "error", code: "unauthorized", id: "1" }]);
    expect([client.code, world.hub.unauthenticated, world.wrong.get("192.0.2.1")]).toEqual([undefined, 1, 1]);
    await client.send({ type: "message", content: "Hi", token: PHONE });
    expect(client.last.type).toBe("response");
  });

  test("needs no frame but its message when the token came with the upgrade", async () => {
    const client = new World().connect(PHONE);
    await client.send({ type: "message", content: "Hi" });
    expect(client.types).toEqual(["response"]);
  });
});

describe("a message", () => {
  test("without stream brings its terminal frame alone; with it, everything that is said", async () => {
    const world = byHand();
    for (const [stream, types] of [
      [false, ["response"]],
      [true, ["thought", "tool", "delta", "delta", "response"]],
    ] as const) {
      const client = await world.as(PHONE);
      await client.send({ type: "message", content: "Hi", stream });
      const { last: turn } = world.agent;
      turn.think("hm");
      turn.tool("c1", "done");
      turn.say("Hel");
      turn.say("lo");
      turn.done({ input_tokens: 1, output_tokens: 2 });
      await quiet();
      expect(client.types).toEqual(types);
      expect(client.last).toMatchObject({ content: "Hello", usage: { input_tokens: 1, output_tokens: 2 } });
      const seqs = client.frames.map(({ seq }) => Number(seq));
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
  });

  test("has its id on every frame about it, and the other message of the socket has none", async () => {
    const client = await new World().as(PHONE);
    await client.send(
      { type: "message", content: "one", stream: true, id: 'm"1' },
      { type: "message", content: "two", stream: true },
    );
    const withId = client.frames.filter(({ id }) => id === 'm"1');
    expect(withId.map(({ type }) => type)).toEqual(["delta", "delta", "delta", "response"]);
    expect(withId.at(-1)?.["content"]).toBe("You said: one");
    expect(client.frames.filter(({ id }) => id === undefined)).toHaveLength(4);
  });

  test("that fails ends in one error, with run_id and id", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    world.agent.last.fail(new AgentError("No key."));
    await quiet();
    const [run] = world.store.rows.values();
    expect(client.frames).toEqual([
      {
        type: "error",
        code: "agent_failed",
        detail: "No key.",
        run_id: run!.run_id,
        session_id: "device:phone",
        seq: run!.seq,
        id: "m1",
      },
    ]);
  });

  test("goes to the session it names, else to the device's own", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "a", session_id: "trip" }, { type: "message", content: "b" });
    expect(client.frames.map(({ session_id }) => session_id).sort()).toEqual(["device:phone", "trip"]);
  });

  test("is refused in another device's session, under a reserved name, and without the scope for it", async () => {
    const world = new World();
    await (await world.as(TABLET)).send({ type: "message", content: "Hi", session_id: "trip" });
    const client = await world.as(PHONE);
    await client.send(
      { type: "message", content: "Hi", session_id: "trip", id: "1" },
      { type: "message", content: "Hi", session_id: "github:a/b#1", id: "2" },
    );
    expect(client.frames).toMatchObject([
      { type: "error", code: "forbidden_scope", id: "1" },
      { type: "error", code: "bad_field", id: "2" },
    ]);
    const sensor = world.connect();
    await sensor.send({ type: "message", content: "Hi", token: SENSOR });
    expect(sensor.frames).toMatchObject([{ type: "error", code: "forbidden_scope" }]);
    expect(world.store.rows.size).toBe(1);
  });

  test("must say something", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "" }, { type: "message", content: " \n\t" });
    expect(client.frames.map(({ code }) => code)).toEqual(["bad_field", "bad_field"]);
    expect(world.store.rows.size).toBe(0);
  });

  test("with the token of another device is refused; the socket stays whose it was", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", token: TABLET }, { type: "message", content: "Hi" });
    expect(client.frames).toMatchObject([
      { type: "error", code: "unauthorized" },
      { type: "response", session_id: "device:phone" },
    ]);
  });

  test("is answered in order with the others of its session, although commits are slow", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await client.send(...[1, 2, 3, 4, 5].map((n) => ({ type: "message", content: `${n}` })));
    expect(client.frames).toEqual([]);
    open();
    await quiet();
    expect(client.frames.map(({ content }) => content)).toEqual([1, 2, 3, 4, 5].map((n) => `You said: ${n}`));
  });

  test("of another session is not held up by a session that is busy", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "slow" }, { type: "message", content: "quick", session_id: "t" });
    echo(world.agent.last);
    await quiet();
    expect(client.frames.map(({ content }) => content)).toEqual(["You said: quick"]);
  });

  test("is refused when too many wait in its session", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    for (let i = 0; i < 34; i += 1) await client.send({ type: "message", content: "Hi", id: `${i}` });
    expect(client.frames).toMatchObject([{ type: "error", code: "session_busy", retry_after: 5, id: "33" }]);
  });

  test("is refused while the store cannot write, and nothing of it is kept", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    world.store.fail("runs.create");
    await client.send({ type: "message", content: "Hi", id: "m1" });
    expect(client.frames).toMatchObject([{ type: "error", code: "store_unavailable", retry_after: 5, id: "m1" }]);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    expect(client.last).toMatchObject({ type: "response", id: "m1" });
    expect(world.store.rows.size).toBe(1);
  });

  test("is refused when the gateway is stopping", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    world.runs.stop();
    await client.send({ type: "message", content: "Hi" });
    expect(client.last).toMatchObject({ type: "error", code: "shutting_down" });
  });

  test("goes on when its socket closes, and leaves nothing of the socket behind", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", stream: true });
    const stream = await world.streams.acquire("device:phone");
    expect(stream.readers).toBe(1);
    client.leave();
    await quiet();
    expect([stream.readers, stream.waiting]).toEqual([0, 0]);
    echo(world.agent.last);
    await quiet();
    expect(client.frames).toEqual([]);
    expect([...world.store.rows.values()]).toMatchObject([{ state: "done", response: "You said: Hi" }]);
  });

  test("that is being committed when its socket closes still becomes a run, without a reader", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await client.send({ type: "message", content: "Hi", stream: true }, { type: "message", content: "never begun" });
    client.leave();
    open();
    await quiet();
    expect([...world.store.rows.values()].map(({ input }) => input)).toEqual(["Hi"]);
    expect((await world.streams.acquire("device:phone")).readers).toBe(0);
  });

  test("of two sockets in one session reaches only the socket that sent it", async () => {
    const world = new World();
    const [one, two] = [await world.as(PHONE), await world.as(PHONE)];
    await one.send({ type: "message", content: "one", stream: true });
    await two.send({ type: "message", content: "two" });
    expect(one.last["content"]).toBe("You said: one");
    expect(two.frames.map(({ content }) => content)).toEqual(["You said: two"]);
  });
});

describe("the id of a message", () => {
  test("brings the same frame again when the message comes again, and starts no second run", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    await client.send({ type: "message", content: "Hi", id: "m1" });
    expect(client.socket.texts[1]).toBe(client.socket.texts[0]);
    const later = await world.as(PHONE);
    await later.send({ type: "message", content: "Hi", id: "m1", stream: true });
    expect(later.socket.texts).toEqual([client.socket.texts[0]!]);
    expect(world.store.rows.size).toBe(1);
  });

  test("survives a restart of the gateway", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    const next = world.restart();
    const again = await next.as(PHONE);
    await again.send({ type: "message", content: "Hi", id: "m1" });
    expect(again.socket.texts).toEqual(client.socket.texts);
    expect(next.agent.turns).toHaveLength(0);
  });

  test("is refused while its message is being answered, before and after a crash", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" }, { type: "message", content: "Hi", id: "m1" });
    expect(client.frames).toMatchObject([{ type: "error", code: "idempotency_in_flight", retry_after: 1, id: "m1" }]);
    expect(client.last).not.toHaveProperty("run_id");
    const next = world.restart(new ScriptedAgent(null));
    await next.runs.recover();
    const again = await next.as(PHONE);
    await again.send({ type: "message", content: "Hi", id: "m1" });
    expect(again.last).toMatchObject({ code: "idempotency_in_flight" });
    echo(next.agent.last);
    await quiet();
    await again.send({ type: "message", content: "Hi", id: "m1" });
    expect(again.last).toMatchObject({ type: "response", content: "You said: Hi", id: "m1" });
  });

  test("is refused with other content or another session", async () => {
    const client = await new World().as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    await client.send({ type: "message", content: "Ho", id: "m1" });
    await client.send({ type: "message", content: "Hi", id: "m1", session_id: "trip" });
    expect(client.of("error").map(({ code, id }) => [code, id])).toEqual([
      ["idempotency_mismatch", "m1"],
      ["idempotency_mismatch", "m1"],
    ]);
  });

  test("is free again when its message failed", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" });
    world.agent.last.fail(new AgentError("Busy."));
    await quiet();
    await client.send({ type: "message", content: "Hi", id: "m1" });
    echo(world.agent.last);
    await quiet();
    expect(client.types).toEqual(["error", "response"]);
  });

  test("means another message on another device", async () => {
    const world = new World();
    for (const token of [PHONE, TABLET, OWNER]) {
      const client = await world.as(token);
      await client.send({ type: "message", content: "Hi", id: "m1" });
      expect(client.last).toMatchObject({ type: "response", id: "m1" });
    }
    expect(world.store.rows.size).toBe(3);
  });

  test("is only echoed when idempotency is switched off", async () => {
    const world = new World({ idempotency: false });
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", id: "m1" }, { type: "message", content: "Hi", id: "m1" });
    expect(client.frames.map(({ type, id }) => [type, id])).toEqual([
      ["response", "m1"],
      ["response", "m1"],
    ]);
    expect(world.store.rows.size).toBe(2);
  });
});
