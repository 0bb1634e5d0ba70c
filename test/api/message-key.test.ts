import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { ScriptedAgent } from "../support/agent.ts";
import type { Answer } from "../support/gateway-client.ts";
import { Door, type DoorOptions } from "../support/services.ts";

const KEY = { "Idempotency-Key": "message-1" };
const ASK = { message: "Hi" };

const told = ({ status, json, headers }: Answer) => ({ status, json, replayed: headers.get("idempotency-replayed") });

async function scene(options: DoorOptions = {}) {
  const door = await Door.open(options);
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

describe("POST /api/message with an Idempotency-Key", () => {
  test("runs once, and gives the first answer again", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const first = await owner.post("/api/message", ASK, KEY);
    expect(told(first)).toMatchObject({ status: 200, replayed: null });
    expect(told(await owner.post("/api/message", ASK, KEY))).toEqual({
      status: 200,
      json: first.json,
      replayed: "true",
    });
    expect(door.agent.turns).toHaveLength(1);
  });

  test("is 409 while the first runs, 422 for another message, and neither runs", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = null;
    const first = owner.post("/api/message", ASK, KEY);
    await turns(1);
    const again = await owner.post("/api/message", ASK, KEY);
    expect([again.status, again.json["code"], again.headers.get("retry-after")]).toEqual([
      409,
      "idempotency_in_flight",
      "1",
    ]);
    const other = await owner.post("/api/message", { message: "Ho" }, KEY);
    expect([other.status, other.json["code"]]).toEqual([422, "idempotency_mismatch"]);
    door.agent.last.done();
    await first;
    expect(door.agent.turns).toHaveLength(1);
  });

  test("of a run that was 202 tells how it stands: first that it runs, then its answer", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = null;
    const asking = owner.post("/api/message", ASK, KEY);
    await turns(1);
    door.clock.advance(25_000);
    const first = await asking;
    const { run_id } = first.json;
    const running = await owner.post("/api/message", ASK, KEY);
    expect(told(running)).toMatchObject({
      status: 202,
      json: { status: "running", run_id, run: { state: "running" } },
    });
    expect(running.headers.get("location")).toBe(`/api/runs/${run_id}`);
    door.agent.last.say("At last.");
    door.agent.last.done({ input_tokens: 1, output_tokens: 2 });
    await door.until("it has ended", async () => (await owner.get(`/api/runs/${run_id}`)).json["state"] === "done");
    expect(told(await owner.post("/api/message", ASK, KEY))).toMatchObject({
      status: 200,
      json: { response: "At last.", run_id, usage: { input_tokens: 1, output_tokens: 2 } },
      replayed: "true",
    });
  });

  test("is free after a run that failed or was cancelled", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = (turn) => turn.fail(new AgentError("No."));
    expect((await owner.post("/api/message", ASK, KEY)).status).toBe(502);
    door.agent.script = null;
    const second = owner.post("/api/message", ASK, KEY);
    await turns(2);
    await owner.delete(`/api/runs/${door.agent.last.turn.run_id}`);
    expect((await second).status).toBe(499);
    door.agent.script = (turn) => turn.done();
    expect(told(await owner.post("/api/message", ASK, KEY))).toMatchObject({ status: 200, replayed: null });
  });

  test("is free after a message that was refused", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    expect((await owner.post("/api/message", { message: "" }, KEY)).status).toBe(400);
    expect(told(await owner.post("/api/message", ASK, KEY))).toMatchObject({ status: 200, replayed: null });
  });

  test("of a stream gives the end of the stream again, or what is left of one that runs", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = null;
    const body = { ...ASK, stream: true };
    const first = await owner.follow("POST", "/api/message", body, KEY);
    await turns(1);
    expect((await owner.post("/api/message", body, KEY)).status).toBe(409);
    door.agent.last.say("Hello");
    door.agent.last.done();
    expect((await first.rest()).map(({ type }) => type)).toEqual(["delta", "response"]);
    const again = await owner.follow("POST", "/api/message", body, KEY);
    expect(again.response.headers.get("idempotency-replayed")).toBe("true");
    const rest = await again.rest();
    expect(rest.map(({ type }) => type)).toEqual(["response"]);
    expect(JSON.parse(rest[0]?.data ?? "")).toMatchObject({ content: "Hello" });
  });

  test("of a run that was 202 follows it live when a stream is asked for", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = null;
    const asking = owner.post("/api/message", ASK, KEY);
    await turns(1);
    door.agent.last.say("One, ");
    door.clock.advance(25_000);
    expect((await asking).status).toBe(202);
    const headers = { ...KEY, Accept: "text/event-stream" };
    const events = await owner.follow("POST", "/api/message", ASK, headers);
    expect(events.response.headers.get("idempotency-replayed")).toBe("true");
    door.agent.last.say("two.");
    door.agent.last.done();
    const contents = (await events.rest()).map(({ data }) => JSON.parse(data).content);
    expect(contents).toEqual(["One, ", "two.", "One, two."]);
  });

  test("leads across a crash to the run, which goes on: 202, then its answer", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    door.agent.script = null;
    const lost = owner.post("/api/message", ASK, KEY);
    await turns(1);
    const { run_id } = door.agent.last.turn;
    await door.stop();
    await lost;
    await using next = await Door.open({ dir: door.dir, clock: door.clock, agent: new ScriptedAgent(null) });
    const client = next.client(owner.token);
    await next.until("it runs again", () => next.agent.turns.length === 1, 0);
    expect(told(await client.post("/api/message", ASK, KEY))).toMatchObject({
      status: 202,
      json: { run_id, run: { attempt: 2 } },
      replayed: "true",
    });
    next.agent.last.say("Survived.");
    next.agent.last.done();
    await next.until("it has ended", async () => (await client.get(`/api/runs/${run_id}`)).json["state"] === "done");
    expect(told(await client.post("/api/message", ASK, KEY))).toMatchObject({
      status: 200,
      json: { response: "Survived.", run_id },
      replayed: "true",
    });
  });

  test("means nothing where gateway.idempotency is off", async () => {
    const { door, owner } = await scene({ config: "[gateway.idempotency]\nenabled = false\n" });
    await using _ = door;
    await owner.post("/api/message", ASK, KEY);
    expect(told(await owner.post("/api/message", ASK, KEY)).replayed).toBeNull();
    expect(door.agent.turns).toHaveLength(2);
  });
});
