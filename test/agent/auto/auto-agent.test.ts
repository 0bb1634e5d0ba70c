import { expect, test } from "bun:test";
import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../../../src/agent/agent.ts";
import type { AgentConfig } from "../../../src/agent/agents.ts";
import { openAutoAgent } from "../../../src/agent/auto/auto-agent.ts";
import type { Detection } from "../../../src/agent/detect/detect.ts";
import type { FoundServer } from "../../../src/agent/detect/find-servers.ts";
import { Log } from "../../../src/observe/log.ts";
import { quiet, ScriptedAgent } from "../../support/agent.ts";
import { agentConfig, agentParts } from "../../support/agent-parts.ts";
import { ManualClock } from "../../support/clock.ts";
import { FakeDesk } from "../operator/support/desk.ts";
import { textOf, turnOf } from "../operator/support/talk.ts";

const BARE: Detection = { servers: [], locked: [], programs: [], keys: [], openai_base_url: false };
const desk = new FakeDesk();

function server(provider: string, ...models: readonly string[]): FoundServer {
  return { provider, base_url: "http://127.0.0.1:1/v1", version: null, models, chat_model: models[0] ?? null };
}

/** An agent that was opened, and what it was opened with. */
class Opened implements Agent {
  readonly config: AgentConfig;
  readonly scripted: ScriptedAgent;
  stops = 0;
  readonly forgotten: string[] = [];

  constructor(config: AgentConfig) {
    this.config = config;
    this.scripted = new ScriptedAgent((turn) => {
      turn.say(`${config.kind} ${config.model ?? ""}`.trim());
      turn.done();
    });
  }

  get kind(): string {
    return this.config.kind;
  }

  get model(): string {
    return this.config.model ?? this.config.kind;
  }

  run(turn: AgentTurn, signal: AbortSignal): AsyncIterable<AgentEvent> {
    return this.scripted.run(turn, signal);
  }

  forget(session_id: string): void {
    this.forgotten.push(session_id);
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }
}

/** An auto agent on a machine of which a test says what is on it. */
class Scene {
  readonly clock = new ManualClock();
  readonly opened: Opened[] = [];
  readonly lines: string[] = [];
  readonly agent: Agent;
  looks = 0;
  found: Detection = BARE;
  /** Holds a look up until it resolves. */
  gate: Promise<void> = Promise.resolve();

  constructor(settings: Partial<AgentConfig> = {}, found: Partial<Detection> = {}) {
    this.found = { ...BARE, ...found };
    const log = new Log({
      clock: this.clock,
      write: (line) => void this.lines.push(line),
      format: "json",
      level: "info",
    });
    const load = async () => (config: AgentConfig) => {
      const opened = new Opened(config);
      this.opened.push(opened);
      return opened;
    };
    this.agent = openAutoAgent(
      agentConfig({ kind: "auto", ...settings }),
      agentParts({ clock: this.clock, log }),
      load,
      async () => {
        this.looks += 1;
        await this.gate;
        return this.found;
      },
    );
  }

  get last(): Opened {
    const last = this.opened.at(-1);
    if (last === undefined) throw new Error("Nothing was opened");
    return last;
  }

  async ask(signal = new AbortController().signal): Promise<string> {
    const said: AgentEvent[] = [];
    for await (const event of this.agent.run(turnOf(desk, "Hi"), signal)) {
      said.push(event);
      if (event.type === "done") break;
    }
    return textOf(said);
  }

  /** One turn in which the agent cannot be reached. */
  async fail(error = new AgentError("It is gone.", { code: "agent_unavailable" })): Promise<void> {
    this.last.scripted.script = (turn) => turn.fail(error);
    await expect(this.ask()).rejects.toBe(error);
    await quiet();
  }
}

test("an explicit model answers, and nothing is looked for", async () => {
  const scene = new Scene({ provider: "openai", model: "gpt", api_key: "k" }, { servers: [server("ollama", "x")] });
  expect(await scene.ask()).toBe("model gpt");
  expect(scene.last.config.api_key).toBe("k");
  expect(scene.looks).toBe(0);
});

test("a configured ACP command answers before any model server", async () => {
  const scene = new Scene({ command: ["opencode", "acp"] }, { servers: [server("ollama", "x")] });
  expect(await scene.ask()).toBe("acp");
  expect([scene.last.config.command, scene.looks]).toEqual([["opencode", "acp"], 0]);
});

test("the first model server with a chat model answers, without a key or an address of another", async () => {
  const encoder = { ...server("lmstudio", "nomic-embed"), chat_model: null };
  const servers = [server("ollama"), encoder, server("vllm", "qwen3"), server("jan", "y")];
  const scene = new Scene({ api_key: "sk-cloud" }, { servers });
  expect([scene.agent.kind, scene.agent.model]).toEqual(["operator", "operator"]);
  expect(await scene.ask()).toBe("model qwen3");
  expect([scene.agent.kind, scene.agent.model]).toEqual(["model", "qwen3"]);
  expect(scene.last.config).toMatchObject({ provider: "vllm", api_key: undefined, base_url: undefined });
});

test("programs in PATH, keys and servers that want one are told of once, and not used", async () => {
  const scene = new Scene(
    {},
    {
      programs: [{ title: "OpenCode", path: "/bin/opencode", command: ["opencode", "acp"] }],
      keys: [{ name: "OPENAI_API_KEY", provider: "openai" }],
      locked: [{ provider: "jan", base_url: "http://127.0.0.1:1337/v1" }],
    },
  );
  expect(await scene.ask()).toBe("operator");
  scene.clock.advance(60_000);
  await scene.ask();
  expect(scene.looks).toBe(2);
  const messages = scene.lines.map((line) => JSON.parse(line).message);
  expect(messages).toEqual([
    "Found OpenCode; not started, because it acts with its owner's accounts. zeroclaw agent detect has the lines that enable it",
    "Found OPENAI_API_KEY; not used, because it costs money and sends what comes in to others. zeroclaw agent detect has the lines that enable it",
    "Something asks for a key where jan usually is; not used. Set agent.base_url, agent.model and agent.api_key if it is to answer",
    "agent.kind is auto: chose who answers",
  ]);
});

test("it looks around by itself a second after the start, and not at the start", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  scene.clock.advance(999);
  await quiet();
  expect(scene.looks).toBe(0);
  scene.clock.advance(1);
  await quiet();
  expect([scene.looks, scene.agent.kind, scene.agent.model]).toEqual([1, "model", "llama3.2"]);
  await scene.ask();
  expect(scene.looks).toBe(1);
});

test("first turns that come together share one look", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  const gate = Promise.withResolvers<void>();
  scene.gate = gate.promise;
  const turns = [scene.ask(), scene.ask(), scene.ask()];
  await quiet();
  scene.clock.advance(1_000);
  gate.resolve();
  expect(await Promise.all(turns)).toEqual(["model llama3.2", "model llama3.2", "model llama3.2"]);
  expect([scene.looks, scene.opened.length]).toEqual([1, 1]);
});

test("a turn that is cancelled does not wait for the look", async () => {
  const scene = new Scene();
  scene.gate = new Promise(() => {});
  const abort = new AbortController();
  const turn = scene.ask(abort.signal);
  await quiet();
  abort.abort(new Error("cancelled"));
  await expect(turn).rejects.toThrow("cancelled");
});

test("a model server that is started later is found after a minute, and no sooner", async () => {
  const scene = new Scene();
  expect(await scene.ask()).toBe("operator");
  scene.found = { ...BARE, servers: [server("ollama", "llama3.2")] };
  scene.clock.advance(59_999);
  expect(await scene.ask()).toBe("operator");
  expect(scene.looks).toBe(1);
  scene.clock.advance(1);
  expect(await scene.ask()).toBe("model llama3.2");
  expect(scene.opened.map(({ kind, stops }) => [kind, stops])).toEqual([
    ["operator", 1],
    ["model", 0],
  ]);
});

test("a chosen server stays: nobody looks again while it answers", async () => {
  const scene = new Scene({}, { servers: [server("vllm", "qwen3")] });
  await scene.ask();
  scene.found = { ...BARE, servers: [server("ollama", "llama3.2")] };
  scene.clock.advance(3_600_000);
  expect(await scene.ask()).toBe("model qwen3");
  expect(scene.looks).toBe(1);
});

test("the turn in which the server is gone fails; the next one looks again", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.fail();
  expect([scene.looks, scene.opened.length]).toEqual([1, 1]);
  scene.found = { ...BARE, servers: [server("vllm", "qwen3")] };
  expect(await scene.ask()).toBe("model qwen3");
  expect(scene.lines.at(-1)).toContain("another answers from now on");
});

test("the operator never takes a lost model's place: questions fail until there is a model again", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.fail();
  scene.found = BARE;
  await scene.fail();
  expect([scene.looks, scene.opened.length, scene.agent.kind]).toEqual([2, 1, "model"]);
  scene.found = { ...BARE, servers: [server("ollama", "llama3.2")] };
  scene.last.scripted.script = (turn) => turn.done();
  await scene.ask();
  expect([scene.looks, scene.opened.length]).toEqual([3, 1]);
});

test("a server that answers the look again goes on with the model that it had", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.fail();
  scene.found = { ...BARE, servers: [server("ollama", "pulled-since", "llama3.2")] };
  scene.last.scripted.script = (turn) => turn.done();
  await scene.ask();
  expect([scene.looks, scene.opened.length, scene.agent.model]).toEqual([2, 1, "llama3.2"]);
});

test("any other failure of the agent changes nothing", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.fail(new AgentError("No such model.", { permanent: true }));
  scene.last.scripted.script = (turn) => turn.done();
  await scene.ask();
  expect(scene.looks).toBe(1);
});

test("an explicit agent that cannot be reached is not replaced", async () => {
  const scene = new Scene({ command: ["opencode", "acp"] }, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.fail();
  await scene.fail();
  expect([scene.looks, scene.opened.length]).toEqual([0, 1]);
});

test("a deleted conversation is forgotten by nobody before there is an agent, and by whoever answered it then", async () => {
  const scene = new Scene();
  scene.agent.forget?.("main");
  await scene.ask();
  scene.agent.forget?.("other");
  expect(scene.last.forgotten).toEqual(["other"]);
});

test("an agent that is replaced is stopped only when its last turn has ended, and forgets until then", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  const first = scene.last;
  first.scripted.script = null;
  const long = scene.ask();
  await quiet();
  const held = first.scripted.last;
  await scene.fail();
  scene.found = { ...BARE, servers: [server("vllm", "qwen3")] };
  expect(await scene.ask()).toBe("model qwen3");
  await quiet();
  expect(first.stops).toBe(0);
  scene.agent.forget?.("main");
  expect([first.forgotten, scene.last.forgotten]).toEqual([["main"], ["main"]]);
  held.say("late");
  held.done();
  expect(await long).toBe("late");
  await quiet();
  expect(first.stops).toBe(1);
});

test("stop() stops whoever was chosen, and leaves no timer", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  await scene.ask();
  await scene.agent.stop();
  expect([scene.last.stops, scene.clock.timers]).toEqual([1, 0]);
  await expect(scene.ask()).rejects.toMatchObject({ code: "agent_unavailable" });
});

test("stop() in the middle of a look opens nobody", async () => {
  const scene = new Scene({}, { servers: [server("ollama", "llama3.2")] });
  const gate = Promise.withResolvers<void>();
  scene.gate = gate.promise;
  const turn = scene.ask().catch((error: unknown) => error);
  await quiet();
  const stopped = scene.agent.stop();
  gate.resolve();
  await stopped;
  expect(await turn).toMatchObject({ code: "agent_unavailable" });
  expect(scene.opened).toEqual([]);
});
