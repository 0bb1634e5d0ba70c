import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ScriptedAgent } from "../support/agent.ts";
import { Door, UNLIMITED } from "../support/services.ts";

async function scene() {
  const door = await Door.open();
  const [owner, chat] = [await door.paired(), await door.paired("chat")];
  const names = async (client = owner, query = "") =>
    (await client.get(`/api/sessions${query}`)).rows("sessions").map(({ session_id }) => session_id);
  return { door, owner, chat, names };
}

describe("GET /api/sessions", () => {
  test("lists sessions latest first: an owner sees all, a chat token its own", async () => {
    const { door, owner, chat, names } = await scene();
    await using _ = door;
    for (const session_id of ["a", "b"]) {
      await owner.post("/api/message", { message: `Hello ${session_id}`, session_id });
      door.clock.advance(1_000);
    }
    await chat.post("/api/message", { message: "Mine", session_id: "c" });
    expect(await names()).toEqual(["c", "b", "a"]);
    expect(await names(chat)).toEqual(["c"]);
    const { sessions } = (await owner.get("/api/sessions?limit=1")).json;
    expect(sessions).toEqual([
      {
        session_id: "c",
        title: "Mine",
        created_at: "2026-11-22T12:00:02.000Z",
        updated_at: "2026-11-22T12:00:02.000Z",
      },
    ]);
  });

  test("pages without losing or repeating one", async () => {
    const { door, owner, names } = await scene();
    await using _ = door;
    for (let i = 0; i < 5; i += 1) await owner.post("/api/message", { message: "x", session_id: `s${i}` });
    const seen: unknown[] = [];
    let query = "?limit=2";
    for (;;) {
      seen.push(...(await names(owner, query)));
      const { next } = (await owner.get(`/api/sessions${query}`)).json;
      if (next === null) break;
      query = `?limit=2&after=${next}`;
    }
    expect(seen).toEqual(["s4", "s3", "s2", "s1", "s0"]);
  });

  test.each(["limit=0", "limit=201", "limit=x", "after=x", "after=e1-1"])("refuses ?%s", async (query) => {
    const { door, owner } = await scene();
    await using _ = door;
    expect((await owner.get(`/api/sessions?${query}`)).status).toBe(400);
  });
});

describe("GET /api/sessions/{id}", () => {
  test("has the messages oldest first, page by page", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    await owner.post("/api/message", { message: "one", session_id: "s" });
    await owner.post("/api/message", { message: "two", session_id: "s" });
    const first = (await owner.get("/api/sessions/s?limit=3")).json;
    expect(first).toMatchObject({ session_id: "s", title: "one" });
    expect(first["messages"]).toMatchObject([
      { role: "user", content: "one" },
      { role: "assistant", content: "You said: one" },
      { role: "user", content: "two" },
    ]);
    const rest = await owner.get(`/api/sessions/s?after=${first["next"]}`);
    expect(rest.rows("messages")).toMatchObject([{ role: "assistant", content: "You said: two" }]);
    expect(rest.json["next"]).toBeNull();
  });

  test("is 404 for what is not there, and for another device's, with the same words", async () => {
    const { door, owner, chat } = await scene();
    await using _ = door;
    await owner.post("/api/message", { message: "x", session_id: "diary" });
    const foreign = await chat.get("/api/sessions/diary");
    const nothing = await chat.get("/api/sessions/nothing");
    expect([foreign.status, foreign.json["detail"]]).toEqual([404, nothing.json["detail"]]);
    expect((await chat.delete("/api/sessions/diary")).status).toBe(404);
    expect((await owner.get("/api/sessions/diary")).status).toBe(200);
  });

  test("finds a name that needs escaping in a URL", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    await owner.post("/api/message", { message: "x", session_id: "a:b" });
    expect((await owner.get("/api/sessions/a%3Ab")).json["session_id"]).toBe("a:b");
    expect((await owner.get("/api/sessions/..%2Fa")).status).toBe(404);
  });
});

/** Keeps something of each conversation, until it is told that there is none. */
class Mindful extends ScriptedAgent {
  readonly forgotten: string[] = [];
  onForget = () => {};

  forget(session_id: string): void {
    this.forgotten.push(session_id);
    this.onForget();
  }
}

describe("DELETE /api/sessions/{id}", () => {
  test("tells the agent, once what ran there is over and what was said is gone", async () => {
    const agent = new Mindful();
    await using door = await Door.open({ agent });
    const owner = await door.paired();
    await owner.post("/api/message", { message: "x", session_id: "s" });
    expect((await owner.delete("/api/sessions/nothing")).status).toBe(404);
    expect(agent.forgotten).toEqual([]);
    agent.script = null;
    const asking = owner.post("/api/message", { message: "y", session_id: "s" });
    await door.until("it runs", () => agent.turns.length === 2, 0);
    const seen: unknown[] = [];
    agent.onForget = () => seen.push(agent.last.signal.aborted, door.store.sessions.get("s"));
    expect((await owner.delete("/api/sessions/s")).status).toBe(204);
    expect(await Promise.all(seen)).toEqual([true, null]);
    expect(agent.forgotten).toEqual(["s"]);
    expect((await asking).status).toBe(499);
  });

  test("takes the gateway's tools from an agent's process that had them for it", async () => {
    const fake = join(import.meta.dir, "../fakes/acp-agent.ts");
    const command = JSON.stringify([process.execPath, fake, '{"mcpHttp":true}']);
    const config = `${UNLIMITED}[agent]\nkind = "acp"\ncommand = ${command}\n`;
    const env = { PATH: process.env["PATH"] ?? "" };
    await using door = await Door.open({ agent: null, config, env });
    const owner = await door.paired();
    const told = (await owner.post("/api/message", { message: "sessions", session_id: "s" })).field("response");
    const token = /Bearer (zc_[0-9a-f]{64})/.exec(told)?.[1] ?? "";
    const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const headers = { Accept: "application/json, text/event-stream" };
    const asAgent = door.client(token);
    expect((await asAgent.post("/mcp", call, headers)).status).toBe(200);
    expect((await owner.delete("/api/sessions/s")).status).toBe(204);
    expect((await asAgent.post("/mcp", call, headers)).status).toBe(401);
  });

  test("removes the session with its messages and runs", async () => {
    const { door, chat, names } = await scene();
    await using _ = door;
    const run_id = (await chat.post("/api/message", { message: "x", session_id: "s" })).field("run_id");
    const removed = await chat.delete("/api/sessions/s");
    expect([removed.status, removed.text]).toEqual([204, ""]);
    expect(await names()).toEqual([]);
    expect((await chat.get("/api/sessions/s")).status).toBe(404);
    expect((await chat.get(`/api/runs/${run_id}`)).status).toBe(404);
    expect((await chat.delete("/api/sessions/s")).status).toBe(404);
  });

  test("cancels what runs and what waits in it first, and its name may be used afresh", async () => {
    const { door, owner, names } = await scene();
    await using _ = door;
    door.agent.script = null;
    const asking = ["one", "two", "three"].map((message) => owner.post("/api/message", { message, session_id: "s" }));
    await door.until("the first runs", () => door.agent.turns.length === 1, 0);
    expect((await owner.delete("/api/sessions/s")).status).toBe(204);
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual([499, 499, 499]);
    expect(door.agent.turns).toHaveLength(1);
    expect(await names()).toEqual([]);
    door.agent.script = (turn) => turn.done();
    expect((await owner.post("/api/message", { message: "again", session_id: "s" })).status).toBe(200);
    expect((await owner.get("/api/sessions/s")).rows("messages")).toHaveLength(2);
  });

  test("removes what there was, and nothing of a message that comes in meanwhile", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    await owner.post("/api/message", { message: "before", session_id: "s" });
    const removing = owner.delete("/api/sessions/s");
    const after = await owner.post("/api/message", { message: "after", session_id: "s" });
    expect([(await removing).status, after.status]).toEqual([204, 200]);
    expect((await owner.get("/api/sessions/s")).rows("messages")).toMatchObject([
      { content: "after" },
      { content: "You said: after" },
    ]);
  });
});
