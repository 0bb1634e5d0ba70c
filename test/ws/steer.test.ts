import { describe, expect, test } from "bun:test";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { OWNER, PHONE, World } from "../support/socket.ts";

const byHand = () => new World({ agent: new ScriptedAgent(null) });

describe("a message with steer", () => {
  test("stops the answer under way and is answered before what waits", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send(
      { type: "message", content: "one", id: "m1", stream: true },
      { type: "message", content: "two", id: "m2" },
    );
    world.agent.last.say("Half an");
    await quiet();
    await client.send({ type: "message", content: "three", id: "m3", steer: true });
    echo(world.agent.last);
    await quiet();
    echo(world.agent.last);
    await quiet();
    expect(client.frames.map(({ type, id, code, content }) => [type, id, code ?? content])).toEqual([
      ["delta", "m1", "Half an"],
      ["error", "m1", "cancelled"],
      ["response", "m3", "You said: three"],
      ["response", "m2", "You said: two"],
    ]);
  });

  test("is cancelled by its own id", async () => {
    const world = byHand();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "one", id: "m1" });
    await client.send({ type: "message", content: "now", id: "m2", steer: true });
    await client.send({ type: "cancel", id: "m2" });
    expect(client.frames.map(({ id, code }) => [id, code])).toEqual([
      ["m1", "cancelled"],
      ["m2", "cancelled"],
    ]);
  });

  test("is refused when steer is no boolean, and nothing is stopped", async () => {
    const world = byHand();
    const client = await world.as(OWNER);
    await client.send({ type: "message", content: "one" });
    await client.send({ type: "message", content: "now", id: "m2", steer: "yes" });
    expect(client.frames).toMatchObject([{ type: "error", code: "bad_field", id: "m2" }]);
    expect(world.agent.last.signal.aborted).toBe(false);
  });
});
