import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { quiet } from "../support/agent.ts";
import { Door, type EventReader } from "../support/services.ts";

const ASK = { message: "Hi", stream: true };

async function scene() {
  const door = await Door.open();
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

/** Type, data and id of the next event. */
async function next(events: EventReader) {
  const event = await events.next();
  return event && { type: event.type, id: event.lastEventId, ...JSON.parse(event.data) };
}

describe("POST /api/message with a stream", () => {
  test("sends each frame as it is said, and ends with the one that ends the run", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const events = await owner.follow("POST", "/api/message", ASK);
    expect(events.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(events.response.headers.get("x-accel-buffering")).toBe("no");
    await turns(1);
    const agent = door.agent.last;
    const { run_id } = agent.turn;
    expect(events.response.headers.get("location")).toBe(`/api/runs/${run_id}`);
    agent.say("Hel");
    expect(await next(events)).toMatchObject({ type: "delta", content: "Hel", run_id, attempt: 1, seq: 1, id: "1" });
    agent.think("hm");
    expect(await next(events)).toMatchObject({ type: "thought", content: "hm", seq: 2 });
    agent.tool("c1", "running", { q: 1 });
    expect(await next(events)).toMatchObject({ type: "tool", call_id: "c1", state: "running", input: { q: 1 } });
    agent.say("lo");
    agent.done();
    expect(await next(events)).toMatchObject({ type: "delta", content: "lo" });
    expect(await next(events)).toMatchObject({ type: "response", content: "Hello", run_id, model: "scripted-1" });
    expect(await next(events)).toBeNull();
  });

  test("is what Accept: text/event-stream asks for too", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const headers = { Accept: "text/event-stream, application/json;q=0.5" };
    const events = await owner.follow("POST", "/api/message", { message: "Hi" }, headers);
    expect((await events.rest()).at(-1)?.type).toBe("response");
  });

  test("ends with one error when the agent fails: the status has left already", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const events = await owner.follow("POST", "/api/message", ASK);
    await turns(1);
    door.agent.last.say("Hel");
    door.agent.last.fail(new AgentError("The model is busy."));
    const rest = await events.rest();
    expect(rest.map(({ type }) => type)).toEqual(["delta", "error"]);
    expect(JSON.parse(rest.at(-1)?.data ?? "")).toMatchObject({ code: "agent_failed", detail: "The model is busy." });
  });

  test("shows frames of its own run only, although another speaks in the same session", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const first = await owner.follow("POST", "/api/message", ASK);
    const second = await owner.follow("POST", "/api/message", { message: "Ho", stream: true });
    await turns(1);
    door.agent.last.say("one");
    door.agent.last.done();
    await turns(2);
    door.agent.last.say("two");
    door.agent.last.done();
    for (const [events, content] of [
      [first, "one"],
      [second, "two"],
    ] as const) {
      const frames = (await events.rest()).map(({ data }) => JSON.parse(data));
      expect(frames).toMatchObject([
        { type: "delta", content },
        { type: "response", content },
      ]);
    }
  });

  test("may be left: the run goes on, and nothing of the reader is kept", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const request = owner.make("POST", "/api/message", ASK);
    const response = await door.handle(request);
    expect(door.timeouts.get(request)).toBe(0);
    await turns(1);
    await response?.body?.cancel();
    await quiet();
    expect(door.timeouts.get(request)).toBe(30); // an idle connection is closed again
    const { run_id } = door.agent.last.turn;
    door.agent.last.say("Nobody listens.");
    door.agent.last.done();
    await door.until("it has ended", async () => (await owner.get(`/api/runs/${run_id}`)).json["state"] === "done");
  });

  test("ends when the reader's token is revoked", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const chat = await door.paired("chat");
    const events = await chat.follow("POST", "/api/message", ASK);
    const mine = await owner.follow("POST", "/api/message", ASK);
    await turns(2);
    expect((await owner.delete(`/api/devices/${chat.device_id}`)).status).toBe(204);
    expect(await events.next()).toBeNull();
    door.agent.turns[1]?.done();
    expect((await mine.next())?.type).toBe("response");
  });

  test("ends when the gateway leaves, and the run begins again at the next start", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const events = await owner.follow("POST", "/api/message", ASK);
    await turns(1);
    const drained = door.services.drain(new Promise(() => undefined), 8_000);
    await quiet();
    door.clock.advance(8_000);
    expect(await events.next()).toBeNull();
    door.clock.advance(500);
    await drained;
    expect((await door.store.runs.unfinished()).map(({ input }) => input)).toEqual(["Hi"]);
  });

  test("keeps a silent connection open with pings", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const response = await owner.respond("POST", "/api/message", ASK);
    await turns(1);
    const reader = response.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await read()).toBe(": connected\n\n");
    door.clock.advance(10_000);
    expect(await read()).toBe(": ping\n\n");
    door.agent.last.done();
    expect(await read()).toStartWith("event: response\n");
  });
});
