import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sha256Hex } from "../../src/lib/hash.ts";
import { quiet } from "../support/agent.ts";
import type { Answer } from "../support/gateway-client.ts";
import { Door, type DoorClient } from "../support/services.ts";
import { FailingStore } from "./failing-store.ts";

const KEY = { "Idempotency-Key": "k" };
/** More than any of these requests makes; the loop ends where no call is left to fail. */
const MOST_CALLS = 80;

interface Scene {
  readonly door: Door;
  readonly owner: DoorClient;
  readonly store: FailingStore;
}

/** Lets time pass until the answer is there: whoever waits for the disk tries again after a second. */
async function settled(door: Door, asking: Promise<Answer>): Promise<Answer> {
  let answer: Answer | null = null;
  void asking.then((one) => {
    answer = one;
  });
  for (let step = 0; step < 20 && answer === null; step += 1) {
    await quiet();
    if (answer === null) door.clock.advance(1_000);
  }
  return asking;
}

/** Does `request` once with each of its calls to the store failing in turn; `check` looks at what came of it. */
async function eachFailure(
  request: (scene: Scene) => Promise<Answer>,
  check: (scene: Scene, answer: Answer, failed: string) => Promise<void>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let n = 1; n <= MOST_CALLS; n += 1) {
    const store = new FailingStore();
    await using door = await Door.open({ store: (real) => store.wrap(real) });
    const scene = { door, owner: await door.paired(), store };
    await door.settle();
    store.arm(n);
    const answer = await settled(door, request(scene));
    for (let step = 0; step < 4; step += 1) {
      await door.settle();
      door.clock.advance(1_000);
    }
    const { failed } = store;
    store.arm(null);
    if (failed === null) return failures;
    failures.push(failed);
    await check(scene, answer, failed);
  }
  throw new Error(`More than ${MOST_CALLS} calls: ${failures.join(", ")}`);
}

/** 2xx, or a 503 that says to send it again and nothing of the store. */
function expectHonest(answer: Answer, failed: string): void {
  if (answer.status < 300) return;
  expect({ failed, status: answer.status, code: answer.json["code"] }).toEqual({
    failed,
    status: 503,
    code: "store_unavailable",
  });
  expect(answer.headers.get("retry-after")).toBe("5");
  expect(answer.text).not.toContain("SQLITE");
}

/** Timers that are left when nothing is under way: the fewest there are, since the file's watcher has one now and then. */
async function restingTimers(door: Door): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 10; step += 1) {
    door.clock.advance(10_000);
    await door.settle();
    fewest = Math.min(fewest, door.clock.timers);
  }
  return fewest;
}

describe("a store that fails in the middle of", () => {
  test("POST /webhook: no 202 without the event, no event twice, no key left in flight, no timer left", async () => {
    await using idle = await Door.open();
    const timers = await restingTimers(idle);
    const failures = await eachFailure(
      ({ owner }) => owner.post("/webhook", { a: 1 }, KEY),
      async (scene, answer, failed) => {
        expectHonest(answer, failed);
        const stored = (await scene.door.store.events.list({ limit: 9 })).items;
        expect({ failed, stored: stored.length }).toEqual({ failed, stored: answer.status === 202 ? 1 : 0 });
        const again = await scene.owner.post("/webhook", { a: 1 }, KEY);
        expect({ failed, status: again.status }).toEqual({ failed, status: 202 });
        await scene.door.until("it is done", async () => {
          const [event, ...more] = (await scene.door.store.events.list({ limit: 9 })).items;
          return event?.state === "done" && more.length === 0;
        });
        expect(scene.door.agent.turns).toHaveLength(1);
        expect({ failed, timers: await restingTimers(scene.door) }).toEqual({ failed, timers });
      },
    );
    expect(failures).toContain("events.accept");
    expect(failures).toContain("runs.finish");
    expect(failures).toContain("idempotency.get");
  });

  test("a question: it is answered once, or refused and answered when it is sent again", async () => {
    const failures = await eachFailure(
      ({ owner }) => owner.post("/webhook", { message: "Hi" }, KEY),
      async ({ door, owner }, answer, failed) => {
        expectHonest(answer, failed);
        const again = await owner.post("/webhook", { message: "Hi" }, KEY);
        expect({ failed, status: again.status, response: again.json["response"] }).toEqual({
          failed,
          status: 200,
          response: "You said: Hi",
        });
        const states = (await door.store.events.list({ limit: 9 })).items.map(({ state }) => state);
        expect({ failed, states }).toEqual({ failed, states: ["done"] });
        expect(door.agent.turns).toHaveLength(1);
      },
    );
    for (const call of ["idempotency.get", "events.accept", "runs.create", "runs.finish"])
      expect(failures).toContain(call);
  });

  test("POST /api/message: no 200 without the run, no run twice, no key left in flight", async () => {
    const failures = await eachFailure(
      ({ owner }) => owner.post("/api/message", { message: "Hi", session_id: "s" }, KEY),
      async ({ door, owner }, answer, failed) => {
        expectHonest(answer, failed);
        const again = await owner.post("/api/message", { message: "Hi", session_id: "s" }, KEY);
        expect({ failed, status: again.status }).toEqual({ failed, status: 200 });
        if (answer.status === 200) expect(again.json).toEqual(answer.json);
        expect(await door.store.runs.get(again.field("run_id"))).toMatchObject({ state: "done", attempt: 1 });
        const messages = (await owner.get("/api/sessions/s")).rows("messages");
        expect({ failed, messages: messages.length, turns: door.agent.turns.length }).toEqual({
          failed,
          messages: 2,
          turns: 1,
        });
        expect(await door.store.runs.unfinished()).toEqual([]);
      },
    );
    for (const call of ["sessions.get", "idempotency.get", "sessions.reserve", "runs.create", "runs.finish"])
      expect(failures).toContain(call);
  });

  test("POST /api/message without a key: refused or answered, and the session is free afterwards", async () => {
    await eachFailure(
      ({ owner }) => owner.post("/api/message", { message: "Hi" }),
      async ({ door, owner }, answer, failed) => {
        expectHonest(answer, failed);
        expect({ failed, left: await door.store.runs.unfinished() }).toEqual({ failed, left: [] });
        expect((await owner.post("/api/message", { message: "Ho" })).status).toBe(200);
      },
    );
  });

  test("POST /pair: no token without its device, and the code stays good", async () => {
    const failures = await eachFailure(
      ({ door }) => door.client().post("/pair", { code: door.code, device_name: "new" }),
      async ({ door, owner }, answer, failed) => {
        expectHonest(answer, failed);
        const again = answer.status === 200 ? answer : await door.client().post("/pair", { code: door.code });
        expect({ failed, status: again.status }).toEqual({ failed, status: 200 });
        expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(2);
        const token = again.field("token");
        const file = await Bun.file(join(door.dir, "config.toml")).text();
        expect(file.match(/[0-9a-f]{64}/g)).toHaveLength(2);
        expect(file).toContain(sha256Hex(token));
        await door.stop();
        await using next = await Door.open({ dir: door.dir });
        expect((await next.client(token).get("/api/devices")).rows("devices")).toHaveLength(2);
      },
    );
    expect(failures).toContain("devices.add");
  });
});

describe("a config.toml that cannot be written", () => {
  test("lets nobody pair: 500, no token, no device in the store, and the code stays good", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    door.file.readOnly = true;
    const refused = await door.client().post("/pair", { code: door.code });
    expect([refused.status, refused.json["code"]]).toEqual([500, "config_read_only"]);
    expect(refused.text).not.toContain("zc_");
    expect(await door.store.devices.list()).toHaveLength(1);
    expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(1);
    door.file.readOnly = false;
    expect((await door.client().post("/pair", { code: door.code })).status).toBe(200);
  });

  test("keeps every token good when --new-pairing cannot clear them", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    door.file.readOnly = true;
    const clearing = door.services.forgetEveryone();
    await expect(clearing).rejects.toMatchObject({ code: "config_read_only" });
    expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(1);
  });
});
