import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { type Client, PHONE, World } from "../support/socket.ts";

const dir = mkdtempSync(join(tmpdir(), "zeroclaw-ws-"));
const path = join(dir, "state.db");
const clock = new ManualClock();
const opened = new Set<Store>();

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A gateway's inside over the real store. */
async function start(agent: ScriptedAgent): Promise<World<Store>> {
  const store = await openSqliteStore({ path, clock });
  opened.add(store);
  return new World<Store>({ store, agent, clock });
}

/** Ends the life of a store; what was begun in it stays as it is on disk. */
async function kill(world: World<Store>): Promise<void> {
  for (const store of opened) await store.close();
  opened.clear();
  world.hub.closeAll();
}

async function answered(client: Client): Promise<void> {
  while (client.of("response").length === 0) await quiet();
}

test("on the real store a message is answered, replayed, resumed after a restart, and gone on with after a crash", async () => {
  const first = await start(new ScriptedAgent());
  const one = await first.as(PHONE);
  await one.send({ type: "message", content: "one", id: "m1", stream: true });
  await answered(one);
  const answer = one.of("response")[0]!;
  await kill(first);

  const second = await start(new ScriptedAgent(null));
  const two = await second.as(PHONE);
  await two.send({ type: "message", content: "one", id: "m1" });
  await answered(two);
  expect(two.frames).toEqual([answer]);
  await two.send({ type: "message", content: "two", id: "m2", stream: true });
  while (second.agent.turns.length === 0) await quiet();
  second.agent.last.say("half");
  while (two.of("delta").length === 0) await quiet();
  const after = Number(two.of("delta")[0]?.["seq"]);
  await kill(second);

  const third = await start(new ScriptedAgent());
  await third.runs.recover();
  const three = await third.as(PHONE);
  await three.send({ type: "resume", session_id: "device:phone", after: Number(answer["seq"]) });
  await answered(three);
  expect(three.of("response")).toMatchObject([{ content: "You said: two" }]);
  expect(Math.min(...three.of("delta").map(({ seq }) => Number(seq)))).toBeGreaterThan(after);
  expect(three.of("delta").every(({ attempt }) => attempt === 2)).toBe(true);
  three.socket.texts.length = 0;
  await three.send({ type: "message", content: "two", id: "m2" });
  await answered(three);
  expect(three.of("response")).toMatchObject([{ content: "You said: two", id: "m2" }]);
});
