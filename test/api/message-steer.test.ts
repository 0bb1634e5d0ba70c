import { describe, expect, test } from "bun:test";
import { Door } from "../support/services.ts";

async function scene() {
  const door = await Door.open();
  door.agent.script = null;
  const owner = await door.paired();
  const turns = (count: number) => door.until(`${count} turns`, () => door.agent.turns.length >= count, 0);
  return { door, owner, turns };
}

describe("POST /api/message with steer", () => {
  test("stops the answer under way, whose text stays in the run and in the history, and is answered next", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const first = owner.post("/api/message", { message: "first", session_id: "work" });
    await turns(1);
    door.agent.last.say("Half an");
    const { run_id } = door.agent.last.turn;
    const second = owner.post("/api/message", { message: "second", session_id: "work" });
    await door.until("two runs", async () => (await door.store.runs.unfinished()).length === 2, 0);
    const now = owner.post("/api/message", { message: "now", session_id: "work", steer: true });
    expect((await first).status).toBe(499);
    await turns(2);
    expect(door.agent.last.turn.text).toBe("now");
    door.agent.last.say("Yes.");
    door.agent.last.done();
    expect((await now).json["response"]).toBe("Yes.");
    await turns(3);
    expect(door.agent.last.turn.text).toBe("second");
    door.agent.last.done();
    await second;
    expect((await owner.get(`/api/runs/${run_id}`)).json).toMatchObject({ state: "cancelled", response: "Half an" });
    const { messages } = (await owner.get("/api/sessions/work")).json;
    expect(messages).toMatchObject([{ content: "first" }, { content: "Half an" }, { content: "second" }, {}, {}, {}]);
  });

  test("is refused when it is no boolean, and nothing is stopped", async () => {
    const { door, owner, turns } = await scene();
    await using _ = door;
    const first = owner.post("/api/message", { message: "first" });
    await turns(1);
    const refused = await owner.post("/api/message", { message: "now", steer: "yes" });
    expect([refused.status, refused.json["code"]]).toEqual([400, "bad_field"]);
    expect(door.agent.last.signal.aborted).toBe(false);
    door.agent.last.done();
    expect((await first).status).toBe(200);
  });
});
