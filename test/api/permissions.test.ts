import { describe, expect, test } from "bun:test";
import type { PermissionDecision } from "../../src/agent/agent.ts";
import { answerPermission, listPermissions } from "../../src/api/permissions.ts";
import type { Principal } from "../../src/protocol/principal.ts";
import { SessionAccess } from "../../src/runs/access.ts";
import { Permissions } from "../../src/runs/permissions.ts";
import { quiet } from "../support/agent.ts";
import { Door } from "../support/services.ts";
import { Desk } from "./asked.ts";

const PHONE: Principal = { device_id: "phone", name: "Phone", scope: "chat", local: false };

async function scene() {
  const desk = await Desk.open();
  const permissions = new Permissions(desk.clock);
  permissions.subscribe({ asked: () => undefined, settled: () => undefined });
  const access = new SessionAccess(desk.store.sessions, [], () => "chat");
  const decisions: PermissionDecision[] = [];
  const ask = (session_id: string, options: readonly PermissionDecision[] = ["allow", "deny"]): string => {
    permissions.ask({ run_id: "r1", session_id, title: "Write notes.txt", options }, (one) => decisions.push(one));
    return permissions.pending().at(-1)?.request_id ?? "";
  };
  const parts = { permissions, access };
  return { desk, permissions, decisions, ask, list: listPermissions(parts), answer: answerPermission(parts) };
}

describe("the permission routes", () => {
  test("list what waits and take one answer", async () => {
    const { desk, ask, list, answer, decisions } = await scene();
    await using _ = desk;
    const id = ask("device:phone");
    expect((await desk.ask(list)).json).toEqual({
      permissions: [
        {
          request_id: id,
          run_id: "r1",
          session_id: "device:phone",
          title: "Write notes.txt",
          options: ["allow", "deny"],
        },
      ],
    });
    const body = { decision: "allow" };
    expect(await desk.ask(answer, { params: { id }, body })).toMatchObject({
      status: 200,
      json: { request_id: id, run_id: "r1", decision: "allow" },
    });
    expect(desk.ask(answer, { params: { id }, body })).rejects.toMatchObject({ code: "not_found" });
    expect(decisions).toEqual(["allow"]);
  });

  test("take no decision that was not offered, but always a no", async () => {
    const { desk, ask, answer, decisions } = await scene();
    await using _ = desk;
    const id = ask("device:phone", ["allow"]);
    const always = desk.ask(answer, { params: { id }, body: { decision: "always" } });
    expect(always).rejects.toMatchObject({ code: "bad_field" });
    expect(desk.ask(answer, { params: { id }, body: { decision: "yes" } })).rejects.toMatchObject({
      code: "bad_field",
    });
    await quiet();
    await desk.ask(answer, { params: { id }, body: { decision: "deny" } });
    expect(decisions).toEqual(["deny"]);
  });

  test("show and give other devices nothing of a session that is not theirs", async () => {
    const { desk, ask, list, answer, decisions } = await scene();
    await using _ = desk;
    const foreign = ask("device:tablet");
    const own = ask("device:phone");
    const seen = (await desk.ask(list, { principal: PHONE })).json.permissions;
    expect(seen).toMatchObject([{ request_id: own }]);
    const body = { decision: "allow" };
    const taken = desk.ask(answer, { principal: PHONE, params: { id: foreign }, body });
    expect(taken).rejects.toMatchObject({ code: "not_found" });
    await desk.ask(answer, { principal: PHONE, params: { id: own }, body });
    expect(decisions).toEqual(["allow"]);
  });
});

describe("a stream with permissions", () => {
  async function door() {
    const open = await Door.open();
    open.agent.script = null;
    const owner = await open.paired();
    const turn = () => open.until("a turn", () => open.agent.turns.length === 1, 0);
    return { open, owner, turn };
  }
  const ASK = { message: "Hi", stream: true, permissions: true };

  test("brings the agent's question, without an id, and how it ended", async () => {
    const { open, owner, turn } = await door();
    await using _ = open;
    const events = await owner.follow("POST", "/api/message", ASK);
    await turn();
    open.agent.last.say("a");
    const decided = open.agent.last.ask("Write notes.txt");
    expect(await events.next()).toMatchObject({ type: "delta", lastEventId: "1" });
    const asked = await events.next();
    expect(asked).toMatchObject({ type: "permission_request", lastEventId: "1" });
    const { run_id } = open.agent.last.turn;
    expect(JSON.parse(asked?.data ?? "")).toMatchObject({
      run_id,
      title: "Write notes.txt",
      options: ["allow", "deny"],
    });
    open.clock.advance(60_000);
    expect(await decided).toBe("deny");
    const settled = await events.next();
    expect([settled?.type, JSON.parse(settled?.data ?? "")]).toMatchObject(["permission", { decision: "deny" }]);
    open.agent.last.done();
    expect((await events.rest()).map(({ type }) => type)).toEqual(["response"]);
  });

  test("asks again whoever comes back to the run, and nobody afterwards", async () => {
    const { open, owner, turn } = await door();
    await using _ = open;
    const first = await owner.follow("POST", "/api/message", ASK);
    await turn();
    const { run_id } = open.agent.last.turn;
    void open.agent.last.ask("Write notes.txt");
    expect((await first.next())?.type).toBe("permission_request");
    const headers = { Accept: "text/event-stream" };
    const again = await owner.follow("GET", `/api/runs/${run_id}?permissions=true`, undefined, headers);
    expect((await again.next())?.type).toBe("permission_request");
    await first.leave();
    await again.leave();
    await quiet();
    expect(await open.agent.last.ask("Write more")).toBe("deny"); // at once: nobody listens any more
    open.agent.last.done();
  });

  test("is told nothing of other runs", async () => {
    const { open, owner } = await door();
    await using _ = open;
    const mine = await owner.follow("POST", "/api/message", ASK);
    const other = owner.post("/api/message", { message: "Ho", session_id: "other" });
    await open.until("two turns", () => open.agent.turns.length === 2, 0);
    const theirs = open.agent.turns.find(({ turn }) => turn.text === "Ho");
    void theirs?.ask("Write notes.txt");
    await quiet();
    for (const turn of open.agent.turns) turn.done();
    expect((await mine.rest()).map(({ type }) => type)).toEqual(["response"]);
    open.clock.advance(60_000);
    expect((await other).status).toBe(200);
  });

  test("is refused without a stream: there would be nowhere to ask", async () => {
    const { open, owner } = await door();
    await using _ = open;
    const refused = await owner.post("/api/message", { message: "Hi", permissions: true });
    expect([refused.status, refused.json["code"]]).toEqual([400, "bad_field"]);
    expect(open.agent.turns).toEqual([]);
  });
});
