import { afterEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { ScriptedAgent } from "../support/agent.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { UNLIMITED } from "../support/services.ts";
import { copyOf, folder, Started } from "./started.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function ownFolder(config: string = UNLIMITED): Promise<string> {
  const dir = await folder(config);
  folders.push(dir);
  return dir;
}

/** A gateway with an agent that answers by hand. */
async function slow(dir: string, config?: string) {
  const started = await Started.start({ dir, agent: new ScriptedAgent(null), ...(config ? { config } : {}) });
  const owner = await started.owner();
  const turns = (count: number) => started.until(`${count} turns`, () => started.agent.turns.length >= count);
  return { started, owner, turns };
}

describe("stop", () => {
  test("answers what is in flight, refuses what comes anew, and ends as soon as nothing is left", async () => {
    const { started, owner, turns } = await slow(await ownFolder());
    const asking = owner.post("/api/message", { message: "Slow" });
    await turns(1);
    const stopping = started.stop();
    await expect(fetch(started.url)).rejects.toThrow();
    started.agent.last.say("Just in time.");
    started.agent.last.done();
    expect((await asking).json["response"]).toBe("Just in time.");
    await stopping; // without a move of the clock
  });

  test("answers what came through the Unix socket too", async () => {
    const { started, turns } = await slow(await ownFolder());
    const asking = fetch("http://localhost/api/message", {
      unix: `${started.dir}/gateway.sock`,
      method: "POST",
      body: '{"message":"Slow"}',
    });
    await turns(1);
    const stopping = started.stop();
    started.agent.last.say("Just in time.");
    started.agent.last.done();
    expect(await (await asking).json()).toMatchObject({ response: "Just in time." });
    await stopping;
  });

  test("closes sockets with 1001 and ends streams at once; their runs go on until the deadline", async () => {
    const { started, owner, turns } = await slow(await ownFolder());
    using socket = await GatewaySocket.authenticated(started.url, owner.token ?? "");
    const headers = { Authorization: `Bearer ${owner.token}` };
    const events = await fetch(`${started.url}/api/stream`, { headers });
    socket.send({ type: "message", content: "Slow" });
    await turns(1);
    const stopping = started.stop();
    expect((await socket.closed).code).toBe(1001);
    await events.text(); // ends
    started.agent.last.say("Done, though nobody listens.");
    started.agent.last.done();
    await stopping;
    await using next = await Started.start({ dir: started.dir });
    const messages = await next.client(owner.token).get(`/api/sessions/device%3A${await deviceOf(next, owner.token)}`);
    expect(messages.rows("messages")[1]).toMatchObject({ content: "Done, though nobody listens." });
  });

  test("after the deadline answers 202, and the next start runs it again with attempt 2", async () => {
    const { started, owner, turns } = await slow(await ownFolder());
    const asking = owner.post("/api/message", { message: "Too slow" });
    await turns(1);
    started.agent.last.say("Half of it");
    const stopping = started.stop(8_000);
    await started.until("the deadline", () => started.clock.monotonic() >= 8_000, 100);
    const { status, json } = await asking;
    expect([status, json["status"]]).toEqual([202, "running"]);
    await stopping;
    const next = await slowAgain(started.dir);
    await using _ = next;
    await next.until("it runs again", () => next.agent.turns.length === 1);
    const { run_id } = json;
    expect(next.agent.last.turn).toMatchObject({ run_id, attempt: 2, text: "Too slow" });
    next.agent.last.say("All of it");
    next.agent.last.done();
    const client = next.client(owner.token);
    await next.until("it has ended", async () => (await client.get(`/api/runs/${run_id}`)).json["state"] === "done");
    expect((await client.get(`/api/runs/${run_id}`)).json).toMatchObject({ response: "All of it", attempt: 2 });
  });

  test("hands events that were not finished back, in their order, and each is completed once", async () => {
    const { started, owner, turns } = await slow(await ownFolder(), `${UNLIMITED}[agent]\nmax_concurrent = 1\n`);
    const posted: string[] = [];
    for (const number of [1, 2, 3]) posted.push((await owner.post("/webhook", { number })).field("event_id"));
    await turns(1);
    const stopping = started.stop(8_000);
    await started.until("the deadline", () => started.clock.monotonic() >= 9_000, 100);
    await stopping;
    await using next = await Started.start({ dir: started.dir, clock: started.clock });
    const client = next.client(owner.token);
    const done = async () => (await client.get("/api/events?state=done")).rows("events").length === 3;
    await next.until("all are done", done, 25);
    expect(next.agent.turns.map(({ turn }) => turn.event?.event_id)).toEqual(posted);
    const attempts = await Promise.all(
      posted.map(async (id) => (await client.get(`/api/events/${id}`)).json["attempts_log"]),
    );
    expect(attempts.map((log) => (Array.isArray(log) ? log.map(({ outcome }) => outcome) : log))).toEqual([
      ["interrupted", "done"],
      ["done"],
      ["done"],
    ]);
  });

  test("saves what is in memory and frees the folder although the agent cannot be stopped", async () => {
    const { started, owner } = await slow(await ownFolder());
    started.agent.stop = () => Promise.reject(new Error("the agent hangs"));
    await owner.get("/api/devices");
    await started.stop();
    expect(started.lines.join("")).toContain("the agent hangs");
    await using next = await Started.start({ dir: started.dir });
    const devices = (await next.client(owner.token).get("/api/devices")).rows("devices");
    expect(devices).toMatchObject([{ last_seen_at: "2026-11-22T12:00:00.000Z" }]);
  });

  test("twice at once, as two signals do, ends once and cleanly", async () => {
    const { started } = await slow(await ownFolder());
    await Promise.all([started.stop(), started.gateway.stop(0)]);
    await using next = await Started.start({ dir: started.dir });
    expect((await next.client().get("/health")).status).toBe(200);
  });
});

describe("a process that ends without stopping", () => {
  test("loses no event and no message, and completes each once", async () => {
    const { started, owner, turns } = await slow(await ownFolder());
    await using _ = started;
    const posted = (await owner.post("/webhook", { a: 1 })).field("event_id");
    const asking = owner.post("/api/message", { message: "Hi" });
    await turns(2);
    for (const turn of started.agent.turns) turn.say("Half");
    const copy = await copyOf(started.dir);
    folders.push(copy);
    for (const turn of started.agent.turns) turn.done();
    await asking;
    await using next = await Started.start({ dir: copy });
    const client = next.client(owner.token);
    await next.until(
      "both are done",
      async () => {
        const { state } = (await client.get(`/api/events/${posted}`)).json;
        return state === "done" && next.agent.turns.length === 2;
      },
      25,
    );
    expect(next.agent.turns.map(({ turn }) => turn.attempt)).toEqual([2, 2]);
    const sessions = (await client.get("/api/sessions")).rows("sessions");
    for (const { session_id } of sessions) {
      const path = `/api/sessions/${encodeURIComponent(String(session_id))}`;
      const whole = async () => (await client.get(path)).rows("messages").length === 2;
      await next.until("the session has a question and an answer", whole);
    }
    expect(sessions).toHaveLength(2);
  });
});

async function slowAgain(dir: string): Promise<Started> {
  return Started.start({ dir, agent: new ScriptedAgent(null) });
}

async function deviceOf(started: Started, token: string | null): Promise<string> {
  const devices = (await started.client(token).get("/api/devices")).rows("devices");
  return String(devices.find(({ current }) => current === true)?.["device_id"]);
}
