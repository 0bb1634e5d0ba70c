import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { quiet } from "../support/agent.ts";
import { Door, type DoorOptions } from "../support/services.ts";

const SLOW = "[gateway]\nwait_seconds = 240\n[gateway.rate_limit]\nenabled = false\n[agent]\ntimeout_seconds = 5\n";

async function scene(options: DoorOptions = {}) {
  const door = await Door.open(options);
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

describe("POST /api/message", () => {
  test("answers 200 with the agent's words, from the device's own session unless one is named", async () => {
    await using door = await Door.open();
    door.agent.script = (turn) => {
      turn.say("Hel");
      turn.think("hm");
      turn.say("lo");
      turn.done({ input_tokens: 3, output_tokens: 5 });
    };
    const owner = await door.paired();
    const answer = await owner.post("/api/message", { message: "Hi" });
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        response: "Hello",
        model: "scripted-1",
        session_id: `device:${owner.device_id}`,
        message_id: expect.any(String),
        run_id: expect.any(String),
        usage: { input_tokens: 3, output_tokens: 5 },
      },
    ]);
    const named = await owner.post("/api/message", { content: "Hi", session_id: "a.b_c:d-1" });
    expect(named.json).toMatchObject({ session_id: "a.b_c:d-1" });
    expect(door.agent.last.turn).toMatchObject({ origin: "http", reach: "owner", text: "Hi", event: null });
  });

  test("takes `content` for `message`, whatever the content type", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await owner.post("/api/message", '{"content":"Hi"}', headers)).json["response"]).toBe("You said: Hi");
    expect((await owner.post("/api/message", { message: "A", content: "B" })).json["response"]).toBe("You said: A");
  });

  test.each([
    ["nothing", undefined, "bad_json"],
    ["no JSON", "Hello", "bad_json"],
    ["a list", "[]", "bad_field"],
    ["null", "null", "bad_field"],
    ["no message", "{}", "bad_field"],
    ["an empty message", '{"message":""}', "bad_field"],
    ["a blank message", '{"message":" \\n\\t"}', "bad_field"],
    ["an empty message before its content", '{"message":"","content":"Hi"}', "bad_field"],
    ["a message that is no text", '{"message":{"text":"Hi"}}', "bad_field"],
    ["a stream that is no boolean", '{"message":"Hi","stream":1}', "bad_field"],
    ["an empty session name", '{"message":"Hi","session_id":""}', "bad_field"],
    ["a session name with a slash", '{"message":"Hi","session_id":"a/b"}', "bad_field"],
    ["a session name of 129 characters", JSON.stringify({ message: "Hi", session_id: "a".repeat(129) }), "bad_field"],
    ["a session of a channel", '{"message":"Hi","session_id":"github:repo#1"}', "bad_field"],
    ["another device's own session", '{"message":"Hi","session_id":"device:other"}', "bad_field"],
  ])("refuses %s with 400 and runs nothing", async (_what, body, code) => {
    await using door = await Door.open();
    const refused = await (await door.paired()).post("/api/message", body);
    expect([refused.status, refused.json["code"]]).toEqual([400, code]);
    expect(door.agent.turns).toHaveLength(0);
  });

  test("is for chat tokens and owners", async () => {
    await using door = await Door.open();
    expect((await (await door.paired("chat")).post("/api/message", { message: "Hi" })).status).toBe(200);
    const refused = await (await door.paired("ingest")).post("/api/message", { message: "Hi" });
    expect([refused.status, refused.json["code"]]).toEqual([403, "forbidden_scope"]);
    expect(refused.text).toContain("get-paircode --new --scope chat");
  });

  test("keeps a chat token out of other devices' sessions, and lets an owner into all, with the reach of who reads there", async () => {
    await using door = await Door.open();
    const [owner, chat, other] = [await door.paired(), await door.paired("chat"), await door.paired("chat", "other")];
    expect((await chat.post("/api/message", { message: "Hi", session_id: "diary" })).status).toBe(200);
    const refused = await other.post("/api/message", { message: "Hi", session_id: "diary" });
    expect([refused.status, refused.json["code"]]).toEqual([403, "forbidden_scope"]);
    expect((await owner.post("/api/message", { message: "Hi", session_id: "diary" })).status).toBe(200);
    expect(door.agent.turns.map(({ turn }) => turn.reach)).toEqual(["chat", "chat"]);
  });

  test("answers the messages of a session one after the other, in the order they came", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const texts = ["one", "two", "three"];
    const asking = texts.map((message) => owner.post("/api/message", { message, session_id: "s" }));
    for (const [i, text] of texts.entries()) {
      await turns(i + 1);
      await quiet();
      expect(door.agent.turns).toHaveLength(i + 1);
      expect(door.agent.last.turn.text).toBe(text);
      door.agent.last.done();
    }
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("past the wait is 202 with the run's address, where the answer will be", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const request = owner.make("POST", "/api/message", { message: "Slow" });
    const asking = door.handle(request);
    await turns(1);
    expect(door.timeouts.get(request)).toBe(35);
    door.clock.advance(25_000);
    const late = await asking;
    const { run_id } = door.agent.last.turn;
    expect([late?.status, await late?.json()]).toEqual([202, { status: "running", run_id }]);
    expect(late?.headers.get("location")).toBe(`/api/runs/${run_id}`);
    expect(door.timeouts.get(request)).toBe(30);
    door.agent.last.say("Done.");
    door.agent.last.done();
    await door.until("it has ended", async () => (await owner.get(`/api/runs/${run_id}`)).json["response"] === "Done.");
  });

  test("does not wait at all where gateway.wait_seconds is 0", async () => {
    const { door, owner, turns } = await scene({ config: "[gateway]\nwait_seconds = 0\n" });
    await using _ = door;
    const asking = owner.post("/api/message", { message: "Slow" });
    await turns(1);
    door.clock.advance(0);
    expect((await asking).status).toBe(202);
  });

  test.each([
    [502, "agent_failed", new AgentError("The model is busy."), "The model is busy."],
    [502, "agent_failed", new AgentError("No such model.", { permanent: true }), "No such model."],
    [502, "agent_failed", new Error("secret internals"), "The agent failed."],
  ])("is %d %s when the agent fails", async (status, code, error, detail) => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/api/message", { message: "Hi" });
    await turns(1);
    door.agent.last.fail(error);
    const refused = await asking;
    expect([refused.status, refused.json["code"]]).toEqual([status, code]);
    expect(refused.text).toContain(detail);
    expect(refused.text).not.toContain("internals");
    expect(door.lines.join("").includes("internals")).toBe(error.message === "secret internals");
  });

  test("is 504 when the agent takes longer than agent.timeout_seconds, and its signal says so", async () => {
    const { door, owner, turns } = await scene({ config: SLOW });
    await using _ = door;
    const asking = owner.post("/api/message", { message: "Hi" });
    await turns(1);
    door.clock.advance(5_000);
    expect([(await asking).status, door.agent.last.signal.aborted]).toEqual([504, true]);
  });

  test("is 429 when 33 messages of the session wait or run", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const queue = Array.from({ length: 33 }, () => owner.post("/api/message", { message: "x" }));
    await turns(1);
    const refused = await owner.post("/api/message", { message: "x" });
    expect([refused.status, refused.json["code"], refused.headers.get("retry-after")]).toEqual([
      429,
      "session_busy",
      "5",
    ]);
    door.agent.script = (turn) => turn.done();
    door.agent.last.done();
    await Promise.all(queue);
  });

  test("that is still running when the gateway leaves is answered 202, and runs again at the next start", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/api/message", { message: "Slow" });
    await turns(1);
    const drained = door.services.drain(
      asking.then(() => undefined),
      8_000,
    );
    door.clock.advance(8_000);
    const { status, json } = await asking;
    expect([status, json]).toEqual([202, { status: "running", run_id: door.agent.last.turn.run_id }]);
    const refused = await owner.post("/api/message", { message: "Too late", session_id: "other" });
    expect([refused.status, refused.json["code"]]).toEqual([503, "shutting_down"]);
    await quiet();
    door.clock.advance(500);
    await drained;
    await door.stop();
    await using next = await Door.open({ dir: door.dir, clock: door.clock });
    await next.until("it runs again", () => next.agent.turns.length === 1);
    expect(next.agent.last.turn).toMatchObject({ text: "Slow", attempt: 2, run_id: json["run_id"] });
  });

  test.each([
    ["/api/message", { message: "Hi" }],
    ["/webhook", { message: "Hi" }],
  ])("%s gives its answer to nobody whose token was revoked while it waited", async (path, body) => {
    await using door = await Door.open();
    door.agent.script = null;
    const owner = await door.paired();
    const phone = await door.paired("chat");
    const asking = phone.post(path, body);
    await door.until("a turn", () => door.agent.turns.length === 1);
    await owner.delete(`/api/devices/${phone.device_id}`);
    const answer = await asking; // before the agent says anything
    expect([answer.status, answer.json["code"]]).toEqual([401, "unauthorized"]);
    door.agent.last.done();
    await door.settle();
  });
});
