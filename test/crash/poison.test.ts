import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { Started } from "../gateway/started.ts";
import { echo, ScriptedAgent } from "../support/agent.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { configFor, type Delivery, githubComment } from "./deliveries.ts";

const NOWHERE = "http://127.0.0.1:9";
const CONFIG = configFor({ graph: NOWHERE, github: NOWHERE }).replace("reply = true", "reply = false");
const HOLD_MS = 60_000;
/** The worker looks once a second, and the clock moves on by 250 ms with each look of the test, also while the later ones run. */
const SLACK_MS = 5_000;
/** More retries than there are: the last one is about 7.5 hours after the first attempt. */
const ALL_RETRIES_MS = 12 * 3_600_000;

/** Fails every attempt at deliveries whose name begins with "poison", and answers all others. */
function poisoned(): ScriptedAgent {
  return new ScriptedAgent((turn) => {
    if (turn.turn.event?.delivery_id?.startsWith("poison")) turn.fail(new AgentError("The text drives the agent mad."));
    else echo(turn);
  });
}

async function deliver(gateway: Started, delivery: Delivery): Promise<void> {
  const { path, headers, body } = delivery;
  expect((await gateway.client().post(path, body, headers)).status).toBe(202);
}

/** The state of each delivery, by its name. */
async function states(owner: GatewayClient): Promise<Readonly<Record<string, unknown>>> {
  const events = (await owner.get("/api/events?limit=200")).rows("events");
  return Object.fromEntries(events.map((event) => [String(event["delivery_id"]), event["state"]]));
}

describe("a conversation whose first event the agent can never answer", () => {
  test("holds up no other conversation, not even more of them than are worked on at once", async () => {
    await using gateway = await Started.start({ config: CONFIG, agent: poisoned() });
    const owner = await gateway.owner();
    for (let issue = 0; issue < 10; issue += 1) await deliver(gateway, githubComment(`poison-${issue}`, issue));
    for (let issue = 10; issue < 20; issue += 1) await deliver(gateway, githubComment(`other-${issue}`, issue));
    // No time passes here: whoever had to wait for a retry would wait for ever.
    await gateway.until("all others are done", async () => {
      const all = Object.entries(await states(owner));
      return all.length === 20 && all.every(([id, state]) => state === (id.startsWith("other") ? "done" : "retrying"));
    });
  });

  test("holds up its own later events for 60 s at most, in their order", async () => {
    const agent = poisoned();
    await using gateway = await Started.start({ config: CONFIG, agent });
    const owner = await gateway.owner();
    await deliver(gateway, githubComment("poison", 1));
    await gateway.until("it has failed once", async () => (await states(owner))["poison"] === "retrying");
    const failed = gateway.clock.now();
    for (const id of ["later-1", "later-2", "later-3"]) await deliver(gateway, githubComment(id, 1));

    await gateway.until("the later ones are done", async () => (await states(owner))["later-3"] === "done", 250);
    expect(gateway.clock.now() - failed).toBeLessThanOrEqual(HOLD_MS + SLACK_MS);
    expect(agent.turns.length).toBeGreaterThan(4); // it was tried again meanwhile
    const answered = agent.turns.map(({ turn }) => turn.event?.delivery_id).filter((id) => id?.startsWith("later"));
    expect(answered).toEqual(["later-1", "later-2", "later-3"]);
    expect(await states(owner)).toMatchObject({ poison: "retrying", "later-1": "done", "later-2": "done" });
  });

  test("ends dead after its last retry, with every attempt on record, and what came after it is done", async () => {
    await using gateway = await Started.start({ config: CONFIG, agent: poisoned() });
    const owner = await gateway.owner();
    await deliver(gateway, githubComment("poison", 1));
    await deliver(gateway, githubComment("later", 1));
    const began = gateway.clock.now();
    await gateway.until("it is dead", async () => (await states(owner))["poison"] === "dead", 30_000);
    expect(gateway.clock.now() - began).toBeLessThan(ALL_RETRIES_MS);
    expect((await states(owner))["later"]).toBe("done");
    const dead = (await owner.get("/api/events?state=dead")).rows("events");
    const event = await owner.get(`/api/events/${dead[0]?.["event_id"]}`);
    expect(event.rows("attempts_log").map(({ outcome }) => outcome)).toEqual(new Array(7).fill("failed"));
    expect(event.text).toContain("The text drives the agent mad.");
  });
});
