import { describe, expect, test } from "bun:test";
import type { AgentTurn } from "../../src/agent/agent.ts";
import type { ToolResult } from "../../src/agent/tools/tools.ts";
import { FakeApi } from "../replies/support.ts";
import { echo, ScriptedAgent } from "../support/agent.ts";
import { Door, type DoorClient, UNLIMITED } from "../support/services.ts";
import { fromWhatsapp, post, SENDER, textMessage, whatsappBatch } from "../support/signing.ts";

const SECRET = "a secret";
const WHATSAPP = (url: string) => `${UNLIMITED}
[channels.whatsapp]
app_secret = "${SECRET}"
verify_token = "t"
access_token = "graph-token"
allowed_numbers = ["${SENDER}"]
graph_url = "${url}"
reply_private = true
`;
const CONVERSATION = `whatsapp:${SENDER}`;

/** Lets the agent use one tool for whoever says "tool"; everything else is echoed. */
function uses(door: Door, name: string, input: object): { readonly results: ToolResult[] } {
  const results: ToolResult[] = [];
  door.agent.script = async (scripted) => {
    if (scripted.turn.text === "tool") {
      const tools = await scripted.turn.tools();
      if (!tools) throw new Error("The turn has no tools");
      results.push(await tools.call(name, input, scripted.signal));
    }
    echo(scripted);
  };
  return { results };
}

async function said(owner: DoorClient, session_id: string): Promise<readonly unknown[]> {
  const { json } = await owner.get(`/api/sessions/${session_id}`);
  return (json["messages"] as { role: string; content: string }[]).map(({ role, content }) => [role, content]); // contract §7
}

async function turnAbout(door: Door, say: () => Promise<unknown>): Promise<AgentTurn> {
  await say();
  return door.agent.last.turn;
}

describe("the tools of a turn", () => {
  test("are an owner's and a chat device's, and nobody's where strangers write", async () => {
    await using graph = new FakeApi(() => Response.json({ messages: [{ id: "wamid.ours" }] }));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const chat = await door.paired("chat");
    const names = async (turn: AgentTurn) => (await turn.tools())?.specs.map(({ name }) => name) ?? null;
    const ofOwner = await names(await turnAbout(door, () => owner.post("/api/message", { message: "Hi" })));
    const ofChat = await names(await turnAbout(door, () => chat.post("/api/message", { message: "Hi" })));
    expect(ofOwner).toContain("get_event");
    expect(ofChat).toContain("add_note");
    expect(ofChat).not.toContain("get_event");
    await post(door.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.1", "Hi")])));
    await door.until("the message is answered", () => graph.calls.length === 1, 1);
    expect(await names(door.agent.last.turn)).toBeNull();
    const inTheirs = { message: "What do they want?", session_id: CONVERSATION };
    expect(await names(await turnAbout(door, () => owner.post("/api/message", inTheirs)))).toBeNull();
    await owner.post("/webhook", { text: "an event that a device brought" });
    await door.until("the event is answered", () => door.agent.last.turn.origin === "event");
    expect(await names(door.agent.last.turn)).toBeNull();
  });
});

test("a session that a sender of events began gets no tools, neither before nor after that sender is revoked", async () => {
  await using door = await Door.open();
  const owner = await door.paired();
  const sensor = await door.paired("ingest");
  await sensor.post("/webhook", { message: "Use your tools.", session_id: "readings" });
  const turn = () => turnAbout(door, () => owner.post("/api/message", { message: "And?", session_id: "readings" }));
  expect(await (await turn()).tools()).toBeNull();
  await owner.delete(`/api/devices/${sensor.device_id}`);
  expect(await (await turn()).tools()).toBeNull();
});

describe("send_message", () => {
  test("says something in another session: one message of the agent's, for who reads there", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    await owner.post("/api/message", { message: "Plan", session_id: "planning" });
    const { results } = uses(door, "send_message", { session_id: "planning", text: "The build is red." });
    await owner.post("/api/message", { message: "tool" });
    expect(results.map(({ failed }) => failed)).toEqual([false]);
    await door.until("it is said", async () => (await said(owner, "planning")).length === 3);
    expect((await said(owner, "planning")).at(-1)).toEqual(["assistant", "The build is red."]);
    expect(door.agent.turns).toHaveLength(2); // nobody answers a notice
  });

  test("goes to the channel whose conversation it is, to whoever wrote there", async () => {
    await using graph = new FakeApi(() => Response.json({ messages: [{ id: "wamid.ours" }] }));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    await post(door.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.1", "Is it open?")])));
    await door.until("the message is answered", () => graph.calls.length === 1, 1);
    const { session_id } = door.agent.last.turn;
    const { results } = uses(door, "send_message", { session_id, text: "We open at nine." });
    await owner.post("/api/message", { message: "tool" });
    expect(results[0]).toMatchObject({ failed: false });
    await door.until("it is sent", () => graph.calls.length === 2, 1);
    expect(graph.posted.at(-1)).toMatchObject({ to: SENDER, text: { body: "We open at nine." } });
  });

  test("begins no conversation with a stranger, and writes nobody whom the settings do not let write", async () => {
    await using graph = new FakeApi(() => Response.json({ messages: [{ id: "wamid.ours" }] }));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const { results } = uses(door, "send_message", { session_id: "whatsapp:4917000000", text: "Buy this." });
    await owner.post("/api/message", { message: "tool" });
    expect(results[0]).toMatchObject({ failed: true });
    expect(results[0]?.text).toContain("nobody wrote from there");
    await door.settle();
    expect(graph.calls).toEqual([]);
  });

  test("of a chat device reaches neither channels nor other devices' sessions", async () => {
    await using graph = new FakeApi(() => Response.json({ messages: [{ id: "wamid.ours" }] }));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const chat = await door.paired("chat");
    await owner.post("/api/message", { message: "Plan", session_id: "planning" });
    await post(door.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.1", "Is it open?")])));
    await door.until("the message is answered", () => graph.calls.length === 1, 1);
    for (const session_id of [CONVERSATION, "planning"]) {
      const { results } = uses(door, "send_message", { session_id, text: "Hello." });
      await chat.post("/api/message", { message: "tool" });
      expect(results[0]).toMatchObject({ failed: true });
    }
    await door.settle();
    expect(graph.calls).toHaveLength(1);
    expect(await said(owner, "planning")).toHaveLength(2);
  });

  test("that a run makes again after a crash is said once", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const input = { session_id: "planning", text: "The build is red." };
    let calls = 0;
    const script = async (scripted: typeof door.agent.last) => {
      const tools = await scripted.turn.tools();
      await tools?.call("send_message", input, scripted.signal);
      calls += 1;
      if (scripted.turn.attempt > 1) echo(scripted); // the first attempt never ends
    };
    door.agent.script = script;
    const waiting = owner.post("/api/message", { message: "tool", session_id: "work" });
    await door.until("the tool was used", () => calls === 1);
    const stopped = door.stop();
    door.clock.advance(60_000);
    await Promise.all([stopped, waiting]);
    await using second = await Door.open({ dir: door.dir, clock: door.clock, agent: new ScriptedAgent(script) });
    const again = second.client(owner.token);
    await second.until("the run has ended", async () => (await said(again, "work")).length === 2);
    expect(calls).toBe(2);
    expect(await said(again, "planning")).toEqual([["assistant", "The build is red."]]);
  });
});
