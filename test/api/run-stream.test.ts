import { describe, expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { Door, type DoorClient, type EventReader } from "../support/services.ts";

const STREAM = { Accept: "text/event-stream" };

async function scene() {
  const door = await Door.open();
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

/** A run that has said `pieces`. */
async function speaking(owner: DoorClient, door: Door, turns: (count: number) => Promise<void>, ...pieces: string[]) {
  const asking = owner.post("/api/message", { message: "Hi" });
  await turns(1);
  for (const piece of pieces) door.agent.last.say(piece);
  await quiet();
  return { asking, agent: door.agent.last, run_id: door.agent.last.turn.run_id };
}

async function rest(events: EventReader) {
  return (await events.rest()).map(({ type, lastEventId, data }) => {
    const { content, code, attempt } = JSON.parse(data);
    return { type, id: Number(lastEventId), said: content ?? code, ...(attempt === undefined ? {} : { attempt }) };
  });
}

describe("GET /api/runs/{id} as server-sent events", () => {
  test("brings the run from its beginning, goes on live and ends with its end", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { asking, agent, run_id } = await speaking(owner, door, turns, "Hel");
    const events = await owner.follow("GET", `/api/runs/${run_id}`, undefined, STREAM);
    expect(events.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    agent.say("lo");
    agent.done();
    expect(await rest(events)).toEqual([
      { type: "delta", id: 1, said: "Hel", attempt: 1 },
      { type: "delta", id: 2, said: "lo", attempt: 1 },
      { type: "response", id: 3, said: "Hello" },
    ]);
    expect((await asking).status).toBe(200);
  });

  test.each([
    ["Last-Event-ID", "", { "Last-Event-ID": "1" }],
    ["?after=", "?after=1", {}],
  ])("goes on after the frame that %s names, in the middle of the answer", async (_name, query, headers) => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { agent, run_id, asking } = await speaking(owner, door, turns, "a", "b");
    const events = await owner.follow("GET", `/api/runs/${run_id}${query}`, undefined, { ...STREAM, ...headers });
    agent.say("c");
    agent.done();
    expect((await rest(events)).map(({ said }) => said)).toEqual(["b", "c", "abc"]);
    await asking;
  });

  test("of a run that has ended is its end, at once", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { agent, run_id, asking } = await speaking(owner, door, turns, "Hello");
    agent.done();
    await asking;
    const events = await owner.follow("GET", `/api/runs/${run_id}`, undefined, STREAM);
    expect(await rest(events)).toEqual([{ type: "response", id: 2, said: "Hello" }]);
  });

  test("of a run that has ended brings what came after a frame, while memory has it", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { agent, run_id, asking } = await speaking(owner, door, turns, "a", "b");
    agent.done();
    await asking;
    const events = await owner.follow("GET", `/api/runs/${run_id}?after=1`, undefined, STREAM);
    expect((await rest(events)).map(({ said }) => said)).toEqual(["b", "ab"]);
  });

  test("is 204 for who has seen the end, so that an EventSource does not come back for ever", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { agent, run_id, asking } = await speaking(owner, door, turns, "Hello");
    agent.done();
    await asking;
    const answer = await owner.get(`/api/runs/${run_id}`, { ...STREAM, "Last-Event-ID": "2" });
    expect([answer.status, answer.text]).toEqual([204, ""]);
  });

  test("passes over what other runs of the session say", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { agent, asking } = await speaking(owner, door, turns, "mine");
    const waiting = owner.post("/api/message", { message: "Ho" });
    await door.until("two runs", async () => (await door.store.runs.unfinished()).length === 2, 0);
    const [, second] = await door.store.runs.unfinished();
    const events = await owner.follow("GET", `/api/runs/${second?.run_id}`, undefined, STREAM);
    agent.done();
    await turns(2);
    door.agent.last.say("yours");
    door.agent.last.done();
    expect((await rest(events)).map(({ said }) => said)).toEqual(["yours", "yours"]);
    await Promise.all([asking, waiting]);
  });

  test("goes on after a restart: the same run with a higher attempt and higher numbers", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { run_id, asking } = await speaking(owner, door, turns, "Half an");
    const before = await owner.follow("GET", `/api/runs/${run_id}`, undefined, STREAM);
    expect(await before.next()).toMatchObject({ type: "delta", lastEventId: "1" });
    await door.stop();
    expect(await before.next()).toBeNull();
    expect((await asking).status).toBe(202);

    await using later = await Door.open({ dir: door.dir, clock: door.clock, resume: false });
    later.agent.script = null;
    const again = later.client(owner.token);
    // Asked for before the run has begun again: nobody works on it yet.
    const headers = { ...STREAM, "Last-Event-ID": "1" };
    const events = await again.follow("GET", `/api/runs/${run_id}`, undefined, headers);
    await later.services.resume();
    await later.until("a turn", () => later.agent.turns.length === 1, 0);
    later.agent.last.say("Whole");
    later.agent.last.done();
    const frames = await rest(events);
    expect(frames).toMatchObject([
      { type: "delta", said: "Whole", attempt: 2 },
      { type: "response", said: "Whole" },
    ]);
    expect(frames[0]?.id).toBeGreaterThan(1);
  });

  test("finds the end of a run that ended before the restart on the disk", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { run_id, agent, asking } = await speaking(owner, door, turns, "Hello");
    agent.done();
    await asking;
    await door.stop();
    await using later = await Door.open({ dir: door.dir, clock: door.clock });
    const headers = { ...STREAM, "Last-Event-ID": "1" };
    const events = await later.client(owner.token).follow("GET", `/api/runs/${run_id}`, undefined, headers);
    expect(await rest(events)).toMatchObject([{ type: "response", id: 2, said: "Hello" }]);
  });

  test("is 404 for another device's run, and 400 for a place that is none", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const other = await door.paired("chat", "other");
    const { run_id, agent, asking } = await speaking(owner, door, turns);
    const refused = await other.get(`/api/runs/${run_id}`, STREAM);
    expect(refused.status).toBe(404);
    for (const place of ["x", "-1", "1e3", "9".repeat(40)]) {
      const bad = await owner.get(`/api/runs/${run_id}`, { ...STREAM, "Last-Event-ID": place });
      expect([bad.status, bad.json["code"]]).toEqual([400, "bad_field"]);
    }
    agent.done();
    await asking;
  });

  test("may be left: the run goes on, and a second reader gets all of it", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const { run_id, agent, asking } = await speaking(owner, door, turns, "a");
    const gone = await owner.follow("GET", `/api/runs/${run_id}`, undefined, STREAM);
    await gone.next();
    await gone.leave();
    const events = await owner.follow("GET", `/api/runs/${run_id}`, undefined, STREAM);
    agent.say("b");
    agent.done();
    expect((await rest(events)).map(({ said }) => said)).toEqual(["a", "b", "ab"]);
    await asking;
  });
});
