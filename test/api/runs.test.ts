import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { type Store, StoreUnavailable } from "../../src/store/store.ts";
import { Door, storeWith } from "../support/services.ts";

const TIME = expect.stringMatching(/^2026-11-22T12:.*Z$/);

async function scene() {
  const door = await Door.open();
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

describe("GET /api/runs/{id}", () => {
  test("shows a run while it waits, while it runs and when it has ended", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const both = ["first", "second"].map((message) => owner.post("/api/message", { message }));
    await turns(1);
    const [first, second] = await door.store.runs.unfinished();
    const show = async (id = "") => (await owner.get(`/api/runs/${id}`)).json;
    expect(await show(second?.run_id)).toEqual({
      run_id: second?.run_id,
      session_id: `device:${owner.device_id}`,
      state: "queued",
      attempt: 1,
      started_at: null,
    });
    expect(await show(first?.run_id)).toMatchObject({ state: "running", started_at: TIME });
    door.agent.last.say("Done.");
    door.agent.last.done();
    await turns(2);
    expect(await show(first?.run_id)).toMatchObject({
      state: "done",
      response: "Done.",
      model: "scripted-1",
      ended_at: TIME,
    });
    door.agent.last.fail(new AgentError("No."));
    await Promise.all(both);
    expect(await show(second?.run_id)).toMatchObject({
      state: "failed",
      error: { code: "agent_failed", detail: "No." },
    });
  });

  test("is 404 for what is not there and for another device's run alike, except to owners", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const [chat, other] = [await door.paired("chat"), await door.paired("chat", "other")];
    const asking = chat.post("/api/message", { message: "Hi" });
    await turns(1);
    const { run_id } = door.agent.last.turn;
    expect((await chat.get(`/api/runs/${run_id}`)).status).toBe(200);
    expect((await owner.get(`/api/runs/${run_id}`)).status).toBe(200);
    const foreign = await other.get(`/api/runs/${run_id}`);
    const nothing = await other.get(`/api/runs/00000000-0000-7000-8000-000000000000`);
    expect([foreign.status, foreign.json["detail"]]).toEqual([404, nothing.json["detail"]]);
    const cancelled = await other.delete(`/api/runs/${run_id}`);
    expect([cancelled.status, door.agent.last.signal.aborted]).toEqual([404, false]);
    door.agent.last.done();
    await asking;
  });
});

describe("DELETE /api/runs/{id}", () => {
  test("cancels a run that runs, and answers with how it ended", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const asking = owner.post("/api/message", { message: "Hi" });
    await turns(1);
    const { run_id } = door.agent.last.turn;
    const cancelled = await owner.delete(`/api/runs/${run_id}`);
    expect([cancelled.status, cancelled.json]).toMatchObject([
      200,
      { run_id, state: "cancelled", error: { code: "cancelled" } },
    ]);
    expect((await asking).status).toBe(499);
    expect(door.agent.last.signal.aborted).toBe(true);
  });

  test("is 409 for a run that has ended, and leaves it as it is", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const run_id = (await owner.post("/api/message", { message: "Hi" })).field("run_id");
    const refused = await owner.delete(`/api/runs/${run_id}`);
    expect([refused.status, refused.json["code"]]).toEqual([409, "run_ended"]);
    expect(refused.text).toContain("it is done");
    expect((await owner.get(`/api/runs/${run_id}`)).json["state"]).toBe("done");
  });

  test("ends one that waits for its turn at once, on disk too: the agent never sees it, nor does a later start", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const first = owner.post("/api/message", { message: "first" });
    await turns(1);
    const second = owner.post("/api/message", { message: "second" });
    await door.until("two runs", async () => (await door.store.runs.unfinished()).length === 2, 0);
    const [, waiting] = await door.store.runs.unfinished();
    expect((await owner.delete(`/api/runs/${waiting?.run_id}`)).json).toMatchObject({ state: "cancelled" });
    expect((await second).status).toBe(499);
    expect((await door.store.runs.unfinished()).map(({ input }) => input)).toEqual(["first"]);
    door.agent.turns[0]?.done();
    expect((await first).status).toBe(200);
    expect(door.agent.turns).toHaveLength(1);
  });

  test("does not wait for a store that is full: it says how the run stands after 5 s", async () => {
    let full = false;
    const refused = () => Promise.reject(new StoreUnavailable("Cannot write to the store: disk full (SQLITE_FULL)"));
    const runs = (store: Store) =>
      new Proxy(store.runs, {
        get: (of, name) => {
          const method: unknown = Reflect.get(of, name, of);
          if (typeof method !== "function") return method;
          return name === "finish" && full ? refused : method.bind(of);
        },
      });
    await using door = await Door.open({
      store: (store) => storeWith(store, (name) => (name === "runs" ? runs(store) : undefined)),
    });
    door.agent.script = null;
    const owner = await door.paired();
    const asking = owner.post("/api/message", { message: "Hi" });
    await door.until("a turn", () => door.agent.turns.length === 1, 0);
    full = true;
    const cancelling = owner.delete(`/api/runs/${door.agent.last.turn.run_id}`);
    await door.settle();
    door.clock.advance(5_000);
    expect((await cancelling).json["state"]).toBe("running");
    full = false;
    door.clock.advance(10_000);
    expect((await asking).status).toBe(499);
  });
});
