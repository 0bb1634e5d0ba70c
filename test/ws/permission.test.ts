import { describe, expect, test } from "bun:test";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { type Client, OWNER, PHONE, SENSOR, TABLET, World } from "../support/socket.ts";

function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

/** A socket whose person can be asked. */
async function attended(world: World, token: string): Promise<Client> {
  const client = world.connect();
  await client.send({ type: "auth", token, permissions: true });
  client.socket.texts.length = 0;
  return client;
}

async function running(world: World, token: string, session_id?: string): Promise<void> {
  const client = await world.as(token);
  await client.send({ type: "message", content: "Hi", ...(session_id ? { session_id } : {}) });
}

describe("a permission request", () => {
  test("goes to sockets that can be asked, and the first answer counts", async () => {
    const world = byHand();
    const [phone, owner, silent] = [await attended(world, PHONE), await attended(world, OWNER), await world.as(PHONE)];
    await running(world, PHONE);
    const decided = world.agent.last.ask("Write notes.txt");
    await quiet();
    const [run] = world.store.rows.values();
    const request = phone.last;
    expect(request).toEqual({
      type: "permission_request",
      request_id: expect.any(String),
      run_id: run!.run_id,
      session_id: "device:phone",
      title: "Write notes.txt",
      options: ["allow", "deny"],
    });
    expect([owner.last, silent.frames]).toEqual([request, []]);
    const { request_id } = request;
    await phone.send({ type: "permission", request_id, decision: "allow" });
    expect(await decided).toBe("allow");
    const settled = { type: "permission", request_id, run_id: run!.run_id, decision: "allow" };
    expect([phone.last, owner.last]).toEqual([settled, settled]);
    await owner.send({ type: "permission", request_id, decision: "deny", id: "late" });
    expect(owner.last).toMatchObject({ type: "error", code: "not_found", id: "late" });
  });

  test("is answered with a no at once when nobody can be asked", async () => {
    const world = byHand();
    await attended(world, SENSOR); // may not see any session, so its being there must not make others wait
    await running(world, PHONE);
    expect(await world.agent.last.ask("Write")).toBe("deny");
  });

  test("is answered with a no after a minute, and those who were asked are told", async () => {
    const world = byHand();
    const phone = await attended(world, PHONE);
    await running(world, PHONE);
    const decided = world.agent.last.ask("Write");
    await quiet();
    world.clock.advance(60_000);
    expect(await decided).toBe("deny");
    expect(phone.last).toMatchObject({ type: "permission", decision: "deny" });
  });

  test("is shown to a chat device only about its own sessions, and only then can it answer", async () => {
    const world = byHand();
    const [phone, tablet] = [await attended(world, PHONE), await attended(world, TABLET)];
    await running(world, TABLET, "trip");
    const decided = world.agent.last.ask("Write");
    await quiet();
    expect([phone.frames.length, tablet.last.type]).toEqual([0, "permission_request"]);
    const { request_id } = tablet.last;
    await phone.send({ type: "permission", request_id, decision: "allow" });
    expect(phone.last).toMatchObject({ type: "error", code: "not_found" });
    await tablet.send({ type: "permission", request_id, decision: "deny" });
    expect(await decided).toBe("deny");
    expect(phone.of("permission")).toEqual([]);
  });

  test("takes only what was offered", async () => {
    const world = byHand();
    const phone = await attended(world, PHONE);
    await running(world, PHONE);
    const decided = world.agent.last.ask("Write", ["allow"]);
    await quiet();
    const { request_id } = phone.last;
    await phone.send({ type: "permission", request_id, decision: "always" });
    expect(phone.last).toMatchObject({
      type: "error",
      code: "bad_field",
      detail: '"decision" must be one of allow, deny here.',
    });
    await phone.send({ type: "permission", request_id, decision: "deny" });
    expect(await decided).toBe("deny");
  });

  test("comes again to a socket that authenticates within the minute", async () => {
    const world = byHand();
    const first = await attended(world, PHONE);
    await running(world, PHONE);
    const decided = world.agent.last.ask("Write");
    await quiet();
    const request = first.last;
    first.leave();
    world.clock.advance(30_000);
    const second = await attended(world, PHONE);
    await second.send({ type: "auth", token: PHONE, permissions: true });
    expect(second.of("permission_request")).toEqual([request]);
    await second.send({ type: "permission", request_id: request["request_id"], decision: "allow" });
    expect(await decided).toBe("allow");
  });

  test("cannot be answered by a socket that did not say that it can be asked", async () => {
    const world = byHand();
    const phone = await attended(world, PHONE);
    await running(world, PHONE);
    void world.agent.last.ask("Write");
    await quiet();
    const other = await world.as(PHONE);
    const answer = { type: "permission", request_id: phone.last["request_id"], decision: "allow" };
    await other.send(answer);
    expect(other.last).toMatchObject({ type: "error", code: "bad_request" });
    await phone.send({ type: "auth", token: PHONE, permissions: false }, answer);
    expect(phone.last).toMatchObject({ type: "error", code: "bad_request" });
    expect(world.permissions.pending()).toHaveLength(1);
  });

  test("is withdrawn when its run is cancelled", async () => {
    const world = byHand();
    const phone = await attended(world, PHONE);
    await running(world, PHONE);
    const decided = world.agent.last.ask("Write");
    await quiet();
    await phone.send({ type: "cancel", run_id: phone.last["run_id"] });
    expect(await decided).toBe("deny");
    expect(phone.of("permission")).toMatchObject([{ decision: "deny" }]);
  });

  test("is not shown any more when it was withdrawn while we looked whose it is", async () => {
    const world = byHand();
    await running(world, PHONE, "trip");
    const phone = await attended(world, PHONE);
    const options = ["allow"] as const;
    world.permissions.ask({ run_id: "r", session_id: "trip", title: "Write", options }, () => undefined);
    world.permissions.withdraw("r");
    await quiet();
    expect(phone.frames).toEqual([]);
  });

  test("leaves no listener when its sockets close", async () => {
    const world = byHand();
    const clients = [await attended(world, PHONE), await attended(world, OWNER)];
    expect(world.permissions.listeners).toBe(2);
    for (const client of clients) client.leave();
    expect(world.permissions.listeners).toBe(0);
  });
});
