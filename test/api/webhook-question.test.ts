import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { quiet } from "../support/agent.ts";
import { Door, type DoorOptions, UNLIMITED } from "../support/services.ts";

const SLOW = "[gateway]\nwait_seconds = 240\n[gateway.rate_limit]\nenabled = false\n[agent]\ntimeout_seconds = 5\n";

/** A door with an agent that answers by hand, and an owner at it. */
async function scene(options: DoorOptions = {}) {
  const door = await Door.open(options);
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

describe("POST /webhook with a question", () => {
  test("waits for the agent and answers 200, and is an event like any other", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const answer = await owner.post("/webhook", { message: "Hello" });
    const event_id = answer.field("event_id");
    expect([answer.status, answer.json]).toEqual([
      200,
      { status: "ok", event_id, response: "You said: Hello", model: "scripted-1" },
    ]);
    expect((await owner.get(`/api/events/${event_id}`)).json).toMatchObject({
      type: "message",
      state: "done",
      attempts: 1,
      response: "You said: Hello",
      session_id: `device:${owner.device_id}`,
    });
    expect(door.agent.last.turn).toMatchObject({ text: "Hello", event: null, reach: "owner" });
  });

  test("goes to the session it names", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    expect((await owner.post("/webhook", { message: "Hello", session_id: "garden" })).status).toBe(200);
    expect((await owner.get("/api/sessions/garden")).rows("messages")).toHaveLength(2);
  });

  test("reaches no more than its device may see", async () => {
    await using door = await Door.open();
    await (await door.paired("chat")).post("/webhook", { message: "Hello" });
    await (await door.paired("ingest")).post("/webhook", { message: "Hello" });
    expect(door.agent.turns.map(({ turn }) => turn.reach)).toEqual(["chat", "channel"]);
  });

  test.each([
    ["a message that is no text", { message: 7 }, "bad_field"],
    ["no message", { session_id: "garden" }, "bad_field"],
    ["an empty message", { message: "" }, "bad_field"],
    ["a blank message", { message: " \n" }, "bad_field"],
    ["a session name of a space", { message: "Hi", session_id: "a b" }, "bad_field"],
    ["a stream that is no boolean", { message: "Hi", stream: "yes" }, "bad_field"],
    ["a reserved session", { message: "Hi", session_id: "github:a" }, "bad_field"],
  ])("refuses %s and stores nothing", async (_what, body, code) => {
    await using door = await Door.open();
    const owner = await door.paired();
    const refused = await owner.post("/webhook", body);
    expect([refused.status, refused.json["code"]]).toEqual([400, code]);
    expect((await owner.get("/api/events")).rows("events")).toEqual([]);
  });

  test("is refused for another device's session, and nothing is stored", async () => {
    await using door = await Door.open();
    await (await door.paired("owner")).post("/api/message", { message: "mine", session_id: "diary" });
    const refused = await (await door.paired("chat")).post("/webhook", { message: "yours?", session_id: "diary" });
    expect([refused.status, refused.json["code"]]).toEqual([403, "forbidden_scope"]);
    expect((await door.store.events.list({ limit: 9 })).items).toEqual([]);
  });

  test("past the wait is 202, and the agent goes on", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/webhook", { message: "Slow" });
    await turns(1);
    door.clock.advance(24_999);
    expect(await Promise.race([asking, quiet()])).toBeUndefined();
    door.clock.advance(1);
    const late = await asking;
    expect([late.status, late.json]).toEqual([202, { status: "accepted", event_id: late.field("event_id") }]);
    door.agent.last.say("Done.");
    door.agent.last.done();
    await door.until("it is done", async () => {
      return (await door.store.events.get(late.field("event_id")))?.response === "Done.";
    });
  });

  test("keeps the connection open for as long as it waits, and no longer", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const request = owner.make("POST", "/webhook", { message: "Slow" });
    const asking = door.handle(request);
    await turns(1);
    expect(door.timeouts.get(request)).toBe(35);
    door.agent.last.done();
    await asking;
    expect(door.timeouts.get(request)).toBe(30);
  });

  test.each([
    ["says why it cannot", new AgentError("The model is busy."), "The model is busy."],
    ["fails in a way it should not", new TypeError("x is not a function"), "The agent failed."],
  ])("is 502 when the agent %s; the event is dead and not tried again", async (_how, error, detail) => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/webhook", { message: "Hello" });
    await turns(1);
    door.agent.last.fail(error);
    const refused = await asking;
    expect([refused.status, refused.json["code"]]).toEqual([502, "agent_failed"]);
    expect(refused.text).toContain(detail);
    expect(refused.text).not.toContain("not a function");
    expect((await owner.get("/api/events")).rows("events")).toMatchObject([{ state: "dead", attempts: 1 }]);
  });

  test("is 504 when the agent takes longer than agent.timeout_seconds", async () => {
    const { door, owner, turns } = await scene({ config: SLOW });
    await using _ = door;
    const asking = owner.post("/webhook", { message: "Hello" });
    await turns(1);
    door.clock.advance(5_000);
    const refused = await asking;
    expect([refused.status, refused.json["code"]]).toEqual([504, "agent_timeout"]);
  });

  test("is 499 when its run is cancelled", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/webhook", { message: "Hello" });
    await turns(1);
    expect((await owner.delete(`/api/runs/${door.agent.last.turn.run_id}`)).json["state"]).toBe("cancelled");
    const refused = await asking;
    expect([refused.status, refused.json["code"]]).toEqual([499, "cancelled"]);
  });

  test("that its session has no room for is refused, rather than accepted and dead", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const queue = Array.from({ length: 33 }, () => owner.post("/api/message", { message: "x", session_id: "busy" }));
    await turns(1);
    const refused = await owner.post("/webhook", { message: "y", session_id: "busy" });
    expect([refused.status, refused.json["code"], refused.headers.get("retry-after")]).toEqual([
      429,
      "session_busy",
      "5",
    ]);
    door.agent.script = (turn) => turn.done();
    door.agent.last.done();
    expect((await Promise.all(queue)).map(({ status }) => status)).toEqual(Array(33).fill(200));
  });

  test("that waits for its turn is answered 202 at once when the gateway stops, and begins at the next start", async () => {
    const { door, owner, turns } = await scene({ config: `${UNLIMITED}[agent]\nmax_concurrent = 1\n` });
    await using _ = door;
    const first = owner.post("/webhook", { message: "first" });
    await turns(1);
    const second = owner.post("/webhook", { message: "second", session_id: "other" });
    await door.until("both are stored", async () => (await door.store.events.list({ limit: 9 })).items.length === 2, 0);
    await quiet();
    const drained = door.services.drain(Promise.resolve(), 8_000);
    const accepted = await second;
    expect(accepted.status).toBe(202);
    expect((await door.store.events.get(accepted.field("event_id")))?.state).toBe("received");
    door.agent.last.done();
    expect((await first).status).toBe(200);
    door.clock.advance(8_000);
    await drained;
  });

  test("that the agent is still at when the gateway leaves is answered 202, and begins again at the next start", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/webhook", { message: "Slow" });
    await turns(1);
    const drained = door.services.drain(
      asking.then(() => undefined),
      8_000,
    );
    door.clock.advance(8_000);
    const accepted = await asking;
    expect(accepted.status).toBe(202);
    await quiet();
    door.clock.advance(500);
    await drained;
    expect((await door.store.events.get(accepted.field("event_id")))?.state).toBe("received");
  });
});
