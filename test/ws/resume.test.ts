import { describe, expect, test } from "bun:test";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { OWNER, PHONE, type Received, TABLET, World } from "../support/socket.ts";

const MINE = "device:phone";

function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

function seqs(frames: readonly Received[]): number[] {
  return frames.flatMap(({ seq }) => (typeof seq === "number" ? [seq] : []));
}

describe("resume", () => {
  test("calls a message what its own device called it on another socket, and nobody else's", async () => {
    const world = byHand();
    const [client, owner] = [await world.as(PHONE), await world.as(OWNER)];
    await client.send({ type: "message", content: "Hi", id: "m1", stream: true });
    world.agent.last.say("Hel");
    await quiet();
    client.leave();
    const again = await world.as(PHONE);
    for (const socket of [again, owner]) await socket.send({ type: "resume", session_id: MINE, after: 0 });
    world.agent.last.say("lo");
    world.agent.last.done();
    await quiet();
    for (const [socket, id] of [
      [again, "m1"],
      [owner, undefined],
    ] as const) {
      const frames = [...socket.of("delta"), ...socket.of("response")];
      expect(frames.map((frame) => frame["id"])).toEqual([id, id, id]);
    }
  });

  test("brings the frames after a place, says that it has caught up, and goes on live", async () => {
    const world = byHand();
    const first = await world.as(PHONE);
    await first.send({ type: "message", content: "Hi", stream: true });
    const { last: turn } = world.agent;
    for (const word of ["a", "b", "c"]) turn.say(word);
    await quiet();
    first.leave();
    const client = await world.as(PHONE);
    await client.send({ type: "resume", session_id: MINE, after: 1, id: "r" });
    turn.say("d");
    turn.done();
    await quiet();
    expect(client.frames.map(({ type, content, seq, topics, id }) => [type, content ?? topics, seq, id])).toEqual([
      ["delta", "b", 2, undefined],
      ["delta", "c", 3, undefined],
      ["subscribed", [`session:${MINE}`], undefined, "r"],
      ["delta", "d", 4, undefined],
      ["response", "abcd", 5, undefined],
    ]);
  });

  test("says at once that it has caught up when there is nothing to bring", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "resume", session_id: MINE, after: 0 });
    expect(client.frames).toEqual([{ type: "subscribed", topics: [`session:${MINE}`] }]);
  });

  test("brings the whole answers after a restart, and the pieces of none", async () => {
    const world = new World();
    const first = await world.as(PHONE);
    for (const content of ["one", "two", "three"]) await first.send({ type: "message", content, stream: true });
    const answers = first.of("response");
    const client = await world.restart().as(PHONE);
    await client.send({ type: "resume", session_id: MINE, after: Number(answers[0]?.["seq"]) });
    expect(client.of("response")).toEqual([answers[1]!, answers[2]!]);
    expect(client.types).toEqual(["response", "response", "subscribed"]);
  });

  test("brings the rest of an answer that was cut off by a crash, with a higher attempt and higher numbers", async () => {
    const world = byHand();
    const first = await world.as(PHONE);
    await first.send({ type: "message", content: "Hi", stream: true });
    world.agent.last.say("half");
    await quiet();
    const after = Number(first.last["seq"]);
    const next = world.restart(new ScriptedAgent());
    const client = await next.as(PHONE);
    await client.send({ type: "resume", session_id: MINE, after });
    await next.runs.recover();
    await quiet();
    expect(client.of("delta").every(({ attempt }) => attempt === 2)).toBe(true);
    expect(Math.min(...seqs(client.frames))).toBeGreaterThan(after);
    expect(client.last).toMatchObject({ type: "response", content: "You said: Hi" });
  });

  test("of a session that is not there, or another's, is not_found, told apart by nothing", async () => {
    const world = new World();
    await (await world.as(TABLET)).send({ type: "message", content: "Hi", session_id: "trip" });
    const client = await world.as(PHONE);
    await client.send(
      { type: "resume", session_id: "trip", after: 0, id: "1" },
      { type: "resume", session_id: "nowhere", after: 0, id: "2" },
      { type: "resume", session_id: "device:tablet", after: 0, id: "3" },
    );
    expect(client.frames.map(({ code, id }) => [code, id])).toEqual([
      ["not_found", "1"],
      ["not_found", "2"],
      ["not_found", "3"],
    ]);
    const detail = (i: number) => String(client.frames[i]?.["detail"]).replace(/"[^"]*"/, "…");
    expect(detail(0)).toBe(detail(1));
    const owner = await world.as(OWNER);
    await owner.send({ type: "resume", session_id: "trip", after: 0 });
    expect(owner.types.at(-1)).toBe("subscribed");
  });

  test("after a number that was never given is refused: the session may be a new one of that name", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi" });
    await client.send({ type: "resume", session_id: MINE, after: 99_999, id: "r" });
    expect(client.last).toMatchObject({ type: "error", code: "bad_field", id: "r" });
    await client.send({ type: "resume", session_id: MINE, after: Number.MAX_SAFE_INTEGER });
    expect(client.last).toMatchObject({ code: "bad_field" });
  });

  test("of a session that is followed already begins again at the new place", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi" });
    const end = Number(client.last["seq"]);
    await client.send(
      { type: "resume", session_id: MINE, after: 0 },
      { type: "resume", session_id: MINE, after: end - 1 },
    );
    await client.send({ type: "message", content: "Ho" });
    const live = client.frames.filter(({ seq }) => Number(seq) > end);
    expect(live.map(({ seq }) => seq)).toEqual([...new Set(live.map(({ seq }) => seq))]);
    expect((await world.streams.acquire(MINE)).readers).toBe(1);
  });

  test("of a session in which this socket has asked brings no answer twice, and each with its id", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "one", id: "m1" });
    await client.send({ type: "resume", session_id: MINE, after: 0 });
    await client.send({ type: "message", content: "two", id: "m2" });
    echo(world.agent.last);
    await quiet();
    echo(world.agent.last);
    await quiet();
    expect(client.of("response").map(({ content, id }) => [content, id])).toEqual([
      ["You said: one", "m1"],
      ["You said: two", "m2"],
    ]);
    expect(seqs(client.frames)).toEqual([...new Set(seqs(client.frames))]);
  });

  test("does not keep the id from any frame of a message that comes later", async () => {
    const client = await new World().as(PHONE);
    await client.send({ type: "message", content: "one" });
    await client.send({ type: "resume", session_id: MINE, after: 0 });
    client.socket.texts.length = 0;
    await client.send({ type: "message", content: "two", id: "m2" });
    expect(client.frames.map(({ type, id }) => [type, id])).toEqual([
      ["delta", "m2"],
      ["delta", "m2"],
      ["delta", "m2"],
      ["response", "m2"],
    ]);
  });

  test("shows what other sockets of the device say, with their ids: those are one device's, whichever socket they came by", async () => {
    const world = new World();
    const [reader, writer] = [await world.as(PHONE), await world.as(PHONE)];
    await reader.send({ type: "resume", session_id: MINE, after: 0 });
    await writer.send({ type: "message", content: "Hi", id: "m1" });
    expect(reader.last).toMatchObject({ type: "response", content: "You said: Hi" });
    expect(reader.last).toMatchObject({ id: "m1" });
    expect(writer.types).toEqual(["response"]);
  });

  test("tries again every second while the frames cannot be read from disk", async () => {
    const world = new World();
    const first = await world.as(PHONE);
    await first.send({ type: "message", content: "Hi" });
    const next = world.restart();
    const client = await next.as(PHONE);
    world.store.fail("runs.endedAfter", 2);
    await client.send({ type: "resume", session_id: MINE, after: 0 });
    for (let i = 0; i < 2; i += 1) {
      expect(client.frames).toEqual([]);
      next.clock.advance(1_000);
      await quiet();
    }
    expect(client.types).toEqual(["response", "subscribed"]);
  });

  test("ends with the session: when it is removed, its readers are told and read nothing of the next one", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi", session_id: "trip" });
    await client.send({ type: "resume", session_id: "trip", after: 0 });
    client.socket.texts.length = 0;
    await world.store.sessions.remove("trip");
    world.streams.drop("trip");
    await quiet();
    expect(client.frames).toMatchObject([{ type: "error", code: "not_found", session_id: "trip" }]);
    const owner = await world.as(OWNER);
    await owner.send({ type: "message", content: "mine now", session_id: "trip" });
    await client.send({ type: "unsubscribe", topics: [] });
    expect(client.frames.slice(1)).toEqual([{ type: "subscribed", topics: [] }]);
  });
});

describe("a slow reader that resumes", () => {
  const SIZE = 300_000;

  /** A session with `count` answers of 300 KB, and a reader that takes nothing by itself. */
  async function behind(count: number) {
    const world = byHand();
    const first = await world.as(PHONE);
    for (let i = 0; i < count; i += 1) {
      await first.send({ type: "message", content: "Hi" });
      world.agent.last.say("x".repeat(SIZE));
      world.agent.last.done();
      await quiet();
    }
    const client = await world.as(PHONE);
    client.socket.stalled = true;
    await client.send({ type: "resume", session_id: MINE, after: 0 });
    return { world, client };
  }

  test("gets the next frame when it has taken the one before, and is never closed for its pace", async () => {
    const { client } = await behind(20);
    let most = 0;
    for (let i = 0; i < 100 && client.of("subscribed").length === 0; i += 1) {
      most = Math.max(most, client.socket.bufferedAmount());
      await client.take(100_000);
    }
    expect(client.code).toBeUndefined();
    expect(most).toBeLessThan(64 * 1024 + SIZE + 1_000);
    expect(client.of("response")).toHaveLength(20);
    expect(client.last.type).toBe("subscribed");
  });

  test("is not closed for other news that come while it catches up", async () => {
    const { world, client } = await behind(20);
    await client.send({ type: "ping" });
    expect([client.last.type, client.code]).toEqual(["pong", undefined]);
    expect(world.hub.sockets).toBe(2);
  });

  test("is closed when it falls behind once it is live", async () => {
    const { world, client } = await behind(1);
    await client.take();
    expect(client.last.type).toBe("subscribed");
    const other = await world.as(PHONE);
    for (let i = 0; i < 6; i += 1) {
      await other.send({ type: "message", content: "Hi" });
      world.agent.last.say("x".repeat(SIZE));
      world.agent.last.done();
      await quiet();
    }
    expect(client.code).toBe(1013);
    expect(client.socket.bufferedAmount()).toBeLessThan(1024 * 1024 + 2 * SIZE);
  });

  test("leaves nothing behind when it goes in the middle", async () => {
    const { world, client } = await behind(3);
    client.leave();
    await quiet();
    const stream = await world.streams.acquire(MINE);
    expect([stream.readers, stream.waiting]).toEqual([0, 0]);
  });
});
