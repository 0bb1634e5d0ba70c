import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentTurn } from "../../../src/agent/agent.ts";
import type { Desk } from "../../../src/agent/desk/desk.ts";
import { Operator } from "../../../src/agent/operator/operator.ts";
import { summarize } from "../../../src/inbox/summary/summarize.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { ManualClock } from "../../support/clock.ts";
import { FakeDesk, idAt, KINDS } from "./support/desk.ts";
import { CHAT, OWNER, textOf } from "./support/talk.ts";

const clock = new ManualClock();
let folder: string;
let store: Store;
let turns = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zeroclaw-operator-"));
  store = await openSqliteStore({ path: join(folder, "state.db"), clock });
});

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** One whole run, as the gateway makes it: stored, answered, finished, and so found by later searches. */
async function say(text: string, about: Partial<AgentTurn> = {}): Promise<string> {
  turns += 1;
  clock.advance(1_000);
  const run_id = idAt(clock.now(), turns);
  const turn: AgentTurn = {
    run_id,
    session_id: `device:${about.device_id ?? OWNER.device_id}`,
    attempt: 1,
    origin: "http",
    text,
    event: null,
    goesBack: false,
    once: false,
    instructions: null,
    history: async () => [],
    tools: async () => null,
    ...OWNER,
    ...about,
  };
  const { session_id, device_id, reach } = turn;
  const event_id = turn.event?.event_id ?? null;
  const message_id = `${run_id}-answer`;
  const { origin } = turn;
  const created_at = clock.now();
  const state = "running";
  await store.runs.create({
    run_id,
    session_id,
    event_id,
    device_id,
    origin,
    reach,
    input: text,
    message_id,
    state,
    created_at,
  });
  const operator = new Operator({ desk: deskOf(store), summarize, kinds: KINDS });
  const said = [];
  for await (const event of operator.run(turn, new AbortController().signal)) said.push(event);
  const response = textOf(said);
  const outcome = { state: "done", response, model: operator.model, usage: null, error: null, seq: turns } as const;
  await store.runs.finish(run_id, 1, {
    ...outcome,
    ended_at: clock.now(),
    ...(turn.event ? { event_failure: null } : {}),
  });
  return response;
}

/** The repositories as they are. */
function deskOf({ events, runs, search, notes, reminders, devices }: Store): Desk {
  const { status } = new FakeDesk();
  return { clock, events, runs, search, notes, reminders, devices: () => devices.list(), status };
}

async function deliver(type: string, payload: unknown): Promise<void> {
  clock.advance(1_000);
  await store.events.accept({
    event_id: idAt(clock.now()),
    source: "github",
    type,
    delivery_id: null,
    session_id: "github:acme/app",
    device_id: null,
    received_at: clock.now(),
    content_type: "application/json",
    headers: { "x-github-event": type },
    body: new TextEncoder().encode(JSON.stringify(payload)),
  });
  const [event] = await store.events.claim(1, clock.now());
  if (!event) throw new Error("The event that was accepted cannot be claimed");
  await say("the prompt", { event, reach: "channel", device_id: null, session_id: event.session_id, origin: "event" });
}

test("over SQLite, what arrives, is noted and is said is found, cited and taken back", async () => {
  await deliver("push", { ref: "refs/heads/main", commits: [{}], repository: { full_name: "acme/app" }, unicorn: 1 });
  await deliver("star", { action: "created", repository: { full_name: "acme/app" }, sender: { login: "alice" } });
  expect((await store.events.list({ limit: 10 })).items.map(({ state }) => state)).toEqual(["done", "done"]);

  expect(await say("/digest")).toStartWith("2 events in the last 24h, none failed:");
  const listed = await say("/events github 1");
  const id = /`([0-9a-f-]{13})`/.exec(listed)?.[1];
  expect(await say(`/event ${id}`)).toContain(": alice starred acme/app\n");

  await say("/note the unicorn key is in the safe", CHAT);
  await say("my unicorn is called Bob", CHAT);
  const found = await say("where are the unicorns?");
  expect(found).toStartWith("3 entries mention “unicorns”:\n\n1. note ");
  expect(found).toContain("the **unicorn** key is in the safe");
  expect(found).toContain("my **unicorn** is called Bob");
  expect(await say("where are the unicorns?")).toBe(
    found.replace(/\d+s ago/g, (ago) => `${Number.parseInt(ago, 10) + 1}s ago`),
  );
  expect(await say("unicorn", { reach: "chat", device_id: "device-c" })).toStartWith("I found nothing");

  const note = /note `([0-9a-f-]+)`/.exec(found)?.[1];
  expect(await say(`/forget ${note}`, { reach: "chat", device_id: "device-c" })).toStartWith(
    "No note or reminder of yours",
  );
  expect(await say(`/forget ${note}`, CHAT)).toBe("Removed the note “the unicorn key is in the safe”.");
  expect(await say("/search safe")).toStartWith("Nothing has all the words");

  expect(await say("/remind 10m tea")).toStartWith("I will remind you in 10m");
  expect(await say("/reminders")).toContain(": tea\n");
});

test("over SQLite, no text breaks a search", async () => {
  for (const text of ['"', "AND OR NOT", "a* NEAR(b)", "-x:^y", "'; DROP TABLE notes; --", "\ud800 \u0000"]) {
    expect(await say(`/search ${text}`)).toMatch(/^(Nothing has all|Write the words|\d+ results? for)/);
    expect((await say(text)).length).toBeGreaterThan(0);
  }
});
