import { describe, expect, test } from "bun:test";
import { Log } from "../../src/observe/log.ts";
import type { RunFrame } from "../../src/protocol/frames.ts";
import type { RunHandle } from "../../src/runs/runs.ts";
import { Outbox } from "../../src/ws/outbox.ts";
import { SessionReader } from "../../src/ws/session-reader.ts";
import { quiet } from "../support/agent.ts";
import { FakeSocket, World } from "../support/socket.ts";

const QUIET = { id: undefined, stream: false };

function handle(run_id: string, after: number): RunHandle {
  return { run_id, message_id: "m", session_id: "s", after, ended: new Promise(() => undefined) };
}

function response(run_id: string, seq: number): RunFrame {
  return { type: "response", content: run_id, session_id: "s", message_id: "m", run_id, seq, model: "x" };
}

function delta(run_id: string, seq: number): RunFrame {
  return { type: "delta", run_id, message_id: "m", session_id: "s", seq, attempt: 1, content: "…" };
}

async function open() {
  const { clock, streams } = new World();
  const socket = new FakeSocket();
  const outbox = new Outbox(socket, () => undefined);
  const log = new Log({ clock, write: () => undefined, format: "json", level: "error" });
  let removed = 0;
  const reader = new SessionReader({ streams, clock, log }, "s", outbox, {
    removed: () => {
      removed += 1;
    },
    idOf: () => undefined,
  });
  const stream = await streams.acquire("s");
  const sent = () => socket.texts.map((text) => JSON.parse(text).seq);
  return { reader, stream, streams, sent, removed: () => removed };
}

describe("SessionReader", () => {
  test("sends the end of a run that it waits for, and is idle then", async () => {
    const { reader, stream, sent } = await open();
    reader.track(handle("r1", 0), QUIET);
    expect(reader.idle).toBe(false);
    for (const frame of [delta("r1", 1), response("other", 2), response("r1", 3)]) stream.append(frame);
    await quiet();
    expect(sent()).toEqual([3]);
    expect([reader.idle, stream.readers]).toEqual([true, 0]);
  });

  test("sends an end that had come, but was not passed on yet, when the session was followed from behind it", async () => {
    const { reader, stream, sent } = await open();
    reader.track(handle("r1", 0), QUIET);
    reader.hold();
    for (const frame of [delta("r1", 1), response("r1", 2), delta("r2", 3)]) stream.append(frame);
    await quiet();
    reader.follow(2, () => undefined);
    reader.unhold();
    await quiet();
    expect(sent()).toEqual([2, 3]);
    reader.stop();
  });

  test("sorts no frame while a message is being started, and then knows whose it is", async () => {
    const { reader, stream, sent } = await open();
    reader.track(handle("r1", 0), QUIET);
    reader.hold();
    stream.append(response("r2", 1));
    await quiet();
    reader.track(handle("r2", 0), QUIET);
    reader.unhold();
    await quiet();
    expect(sent()).toEqual([1]);
    reader.stop();
  });

  test("reads on for a run that is waited for when the session is not followed any more", async () => {
    const { reader, stream, sent } = await open();
    reader.follow(0, () => undefined);
    reader.track(handle("r1", 0), QUIET);
    await quiet();
    reader.unfollow();
    for (const frame of [delta("r1", 1), response("other", 2), response("r1", 3)]) stream.append(frame);
    await quiet();
    expect(sent()).toEqual([3]);
    expect(reader.idle).toBe(true);
  });

  test("tells once that it has caught up, at the latest when it is led elsewhere", async () => {
    const { reader, stream, sent } = await open();
    for (let seq = 1; seq <= 3; seq += 1) stream.append(delta("r1", seq));
    const told: string[] = [];
    reader.follow(0, () => told.push("first"));
    reader.follow(1, () => told.push("second"));
    expect(told).toEqual(["first"]);
    await quiet();
    stream.append(delta("r1", 4));
    await quiet();
    expect([told, sent()]).toEqual([
      ["first", "second"],
      [2, 3, 4],
    ]);
    reader.follow(4, () => told.push("third"));
    reader.unfollow();
    expect(told).toEqual(["first", "second", "third"]);
    expect(reader.idle).toBe(true);
  });

  test("ends with its session, for whichever frames it waited", async () => {
    const { reader, stream, streams, sent, removed } = await open();
    reader.follow(0, () => undefined);
    await quiet();
    stream.append(response("r1", 1));
    streams.drop("s");
    await quiet();
    expect([sent(), removed(), reader.idle, stream.readers]).toEqual([[1], 1, true, 0]);
    (await streams.acquire("s")).append(response("r2", 1));
    await quiet();
    expect(sent()).toEqual([1]);
  });

  test("leaves nothing when it is stopped, at whatever moment", async () => {
    for (const moment of ["at once", "waiting", "held"]) {
      const { reader, stream } = await open();
      reader.follow(0, () => undefined);
      if (moment !== "at once") await quiet();
      if (moment === "held") {
        reader.hold();
        stream.append(delta("r1", 1));
        await quiet();
      }
      reader.stop();
      await quiet();
      expect([stream.readers, stream.waiting]).toEqual([0, 0]);
    }
  });
});
