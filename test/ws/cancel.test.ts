import { describe, expect, test } from "bun:test";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { type Client, OWNER, PHONE, TABLET, World } from "../support/socket.ts";

function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

async function running(world: World, client: Client, extra: object = {}): Promise<string> {
  await client.send({ type: "message", content: "Hi", ...extra });
  return [...world.store.rows.keys()].at(-1) ?? "";
}

describe("cancel", () => {
  test("ends a run by its run_id; the answer is its terminal frame", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    const run_id = await running(world, client, { id: "m1" });
    await client.send({ type: "cancel", run_id });
    expect(client.frames).toMatchObject([{ type: "error", code: "cancelled", run_id, id: "m1" }]);
    expect(world.store.rows.get(run_id)?.state).toBe("cancelled");
  });

  test("ends a run by its message's id, from another socket of the device too", async () => {
    const world = byHand();
    const [sender, other] = [await world.as(PHONE), await world.as(PHONE)];
    const run_id = await running(world, sender, { id: "m1" });
    sender.leave();
    await other.send({ type: "cancel", id: "m1" });
    expect(other.frames).toMatchObject([{ type: "error", code: "cancelled", run_id, id: "m1" }]);
    expect(world.hub.ids.size).toBe(0);
  });

  test("stops a message that is still waiting for its turn, and one that is just being committed", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await client.send({ type: "message", content: "one", id: "m1" }, { type: "message", content: "two", id: "m2" });
    await client.send({ type: "cancel", id: "m1" }, { type: "cancel", id: "m2" });
    open();
    await quiet();
    expect(client.frames.map(({ code, id }) => [code, id]).sort()).toEqual([
      ["cancelled", "m1"],
      ["cancelled", "m2"],
    ]);
    expect([...world.store.rows.values()]).toMatchObject([{ input: "one", state: "cancelled" }]);
  });

  test("ends a run that waits in its session at once, and the one before it goes on", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await running(world, client);
    const run_id = await running(world, client);
    await client.send({ type: "cancel", run_id });
    await quiet();
    expect(client.frames).toMatchObject([{ type: "error", code: "cancelled", run_id }]);
    echo(world.agent.last);
    await quiet();
    expect(client.frames).toMatchObject([{ type: "error", code: "cancelled", run_id }, { type: "response" }]);
    expect(world.agent.turns).toHaveLength(1);
  });

  test("tells the one who cancels how it ended, once, also when it follows the session", async () => {
    const world = byHand();
    const [sender, follower, owner] = [await world.as(PHONE), await world.as(PHONE), await world.as(OWNER)];
    await follower.send({ type: "resume", session_id: "device:phone", after: 0 });
    const run_id = await running(world, sender);
    await owner.send({ type: "cancel", run_id });
    for (const client of [sender, follower, owner]) {
      expect(client.of("error")).toMatchObject([{ code: "cancelled", run_id }]);
    }
    const again = await running(world, sender);
    await follower.send({ type: "cancel", run_id: again });
    expect(follower.of("error")).toHaveLength(2);
  });

  test("finds only runs of its own device, an owner those of all", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    const run_id = await running(world, client, { id: "m1" });
    const tablet = await world.as(TABLET);
    await tablet.send({ type: "cancel", run_id }, { type: "cancel", id: "m1" }, { type: "cancel", run_id: "nothing" });
    expect(tablet.frames.map(({ code }) => code)).toEqual(["not_found", "not_found", "not_found"]);
    expect(world.store.rows.get(run_id)?.state).toBe("running");
    await (await world.as(OWNER)).send({ type: "cancel", run_id });
    expect(world.store.rows.get(run_id)?.state).toBe("cancelled");
  });

  test("of a run that has ended says so", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    const run_id = await running(world, client, { id: "m1" });
    await client.send({ type: "cancel", run_id, id: "c" });
    expect(client.last).toMatchObject({ type: "error", code: "run_ended", id: "c" });
    expect(client.last["detail"]).toContain("done");
    await client.send({ type: "cancel", id: "m1" });
    expect(client.last).toMatchObject({ type: "error", code: "not_found", id: "m1" });
  });

  test("that comes in the moment of the commit leaves the message its id", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    const { create } = world.store.runs;
    world.store.runs.create = async (run, record) => {
      await create(run, record);
      client.raw(JSON.stringify({ type: "cancel", run_id: run.run_id, id: "c" }));
    };
    await client.send({ type: "message", content: "Hi", id: "m1" });
    expect(client.frames.map(({ code, id }) => [code, id])).toEqual([["cancelled", "m1"]]);
  });

  test("needs to know what to cancel", async () => {
    const client = await new World().as(PHONE);
    await client.send({ type: "cancel" });
    expect(client.last).toMatchObject({ type: "error", code: "bad_field" });
  });

  test("twice is answered by the one end of the run", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    const run_id = await running(world, client);
    client.raw(JSON.stringify({ type: "cancel", run_id }));
    await client.send({ type: "cancel", run_id });
    expect(client.frames.length).toBeGreaterThanOrEqual(1);
    expect(client.frames.filter(({ run_id: one }) => one === run_id)).toHaveLength(1);
  });
});
