/**
 * opencode (github.com/anomalyco/opencode), a real agent, behind the gateway: `bun run test:peers`. Its model is the scripted
 * server of `test/fakes/model-server.ts`; every way out of this machine ends at a closed port, so nothing else can answer.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  answer,
  callTool,
  echo,
  gate,
  type ModelRequest,
  ModelServer,
  type Reply,
  type Script,
} from "../fakes/model-server.ts";
import { Transcript } from "../support/agent-door.ts";
import { BINARY, buildBinary, eventually, GatewayProcess } from "../support/gateway-process.ts";
import { type Frame, GatewaySocket } from "../support/gateway-socket.ts";

const PROGRAM = process.env["ZEROCLAW_PEER_OPENCODE"] ?? "";
/** opencode takes seconds to start, and more on a busy machine. */
const PATIENCE_MS = 60_000;
/** Nobody listens there: a proxy that cannot be reached is a network that is not there. */
const NOWHERE = "http://127.0.0.1:9";
const OFFLINE = {
  HTTP_PROXY: NOWHERE,
  HTTPS_PROXY: NOWHERE,
  NO_PROXY: "127.0.0.1,localhost",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
} as const;

/** The model behind opencode. Titles of conversations, which opencode asks for besides, use up no script. */
class OpencodeModel {
  readonly server: ModelServer;
  readonly #scripts: Script[] = [];

  constructor(server: ModelServer) {
    this.server = server;
    server.fallback = (request) => (isTitle(request) ? answer("A title") : this.#reply(request));
  }

  next(...scripts: readonly Script[]): void {
    this.#scripts.splice(0, Infinity, ...scripts);
  }

  /** The turns that opencode asked for, without the titles. */
  get turns(): readonly ModelRequest[] {
    return this.server.asked.filter((request) => !isTitle(request));
  }

  #reply(request: ModelRequest): Reply {
    const script = this.#scripts.shift() ?? echo;
    return typeof script === "function" ? script(request) : script;
  }
}

/** A turn comes with tools, a title with none. */
function isTitle({ body }: ModelRequest): boolean {
  return !Array.isArray(body.tools) || body.tools.length === 0;
}

/** A home with opencode's configuration in it, and a gateway whose agent opencode is. */
async function start() {
  const model = new OpencodeModel(await ModelServer.start());
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-opencode-"));
  const folder = join(dir, ".config/opencode");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "opencode.json"), opencodeConfig(model.server.url));
  const gateway = await GatewayProcess.start(BINARY, { dir, config: gatewayConfig(), env: OFFLINE });
  const token = await gateway.pair();
  return {
    model,
    gateway,
    token,
    workspace: join(dir, "workspace"),
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await gateway.remove();
      await model.server.stop();
    },
  };
}

function opencodeConfig(baseURL: string): string {
  return JSON.stringify({
    $schema: "https://opencode.ai/config.json",
    autoupdate: false,
    share: "disabled",
    model: "scripted/test-model",
    small_model: "scripted/test-model",
    permission: { bash: "ask", edit: "ask", webfetch: "deny" },
    provider: {
      scripted: {
        npm: "@ai-sdk/openai-compatible",
        name: "Scripted",
        options: { baseURL, apiKey: "none" },
        models: { "test-model": { name: "Scripted", tool_call: true, limit: { context: 32_000, output: 4_000 } } },
      },
    },
  });
}

function gatewayConfig(): string {
  const env = Object.keys(OFFLINE).filter((name) => name.startsWith("OPENCODE_"));
  const lines = ["[agent]", 'kind = "acp"', `command = ${JSON.stringify([PROGRAM, "acp"])}`];
  return [...lines, `env = ${JSON.stringify(env)}`, ""].join("\n");
}

/** The processes that live in this home, whatever group or session they have put themselves into. */
async function processesOf(home: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""); // it has ended, or is another user's
    if (environ.split("\0").includes(`HOME=${home}`)) found.push(pid);
  }
  return found;
}

async function asking(gateway: GatewayProcess, token: string): Promise<GatewaySocket> {
  const socket = await GatewaySocket.open(gateway.url);
  expect(await socket.ask({ type: "auth", token, permissions: true })).toMatchObject({ type: "ready" });
  return socket;
}

async function through(socket: GatewaySocket, done: (frame: Frame, seen: Transcript) => boolean): Promise<Transcript> {
  const seen = new Transcript();
  for (;;) {
    const frame = await socket.next();
    seen.add(frame);
    if (done(frame, seen)) return seen;
    if (frame["type"] === "error") throw new Error(`Unexpected: ${JSON.stringify(frame)}`);
  }
}

const isType =
  (type: string) =>
  (frame: Frame): boolean =>
    frame["type"] === type;

if (!existsSync(PROGRAM)) {
  throw new Error(
    `ZEROCLAW_PEER_OPENCODE names "${PROGRAM}", which is no file. Run this with: bun run test:peers, which installs opencode`,
  );
}

beforeAll(buildBinary, 120_000);

describe("opencode behind the gateway", () => {
  let all: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    all = await start();
  }, PATIENCE_MS);
  afterAll(() => all[Symbol.asyncDispose](), PATIENCE_MS);

  test(
    "answers with what its model says, piece by piece, under its own name",
    async () => {
      const { gateway, token, model } = all;
      model.next(answer("The ", "model ", "says ", "hello."));
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      socket.send({ type: "message", content: "Hello", session_id: "hello", stream: true });
      const seen = await through(socket, isType("response"));
      expect(seen.text).toBe("The model says hello.");
      expect(seen.terminals).toMatchObject([{ content: "The model says hello.", model: "OpenCode" }]);
      expect(seen.frames.filter(isType("delta")).length).toBeGreaterThan(1);
      expect(JSON.stringify(model.turns.at(-1)?.body.messages.at(-1))).toContain("Hello");
    },
    PATIENCE_MS,
  );

  test(
    "remembers the conversation, and another one knows nothing of it",
    async () => {
      const { gateway, token, model } = all;
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      const say = async (content: string, session_id: string) => {
        socket.send({ type: "message", content, session_id });
        await through(socket, isType("response"));
        return JSON.stringify(model.turns.at(-1)?.body.messages);
      };
      model.next(answer("Noted."), answer("Blue."), answer("I do not know."));
      await say("My colour is blue-17", "memory");
      expect(await say("Which colour?", "memory")).toContain("blue-17");
      expect(await say("Which colour?", "other")).not.toContain("blue-17");
    },
    PATIENCE_MS,
  );

  test.each([
    ["allow", true],
    ["deny", false],
  ] as const)(
    "asks before it runs a command, and %s decides",
    async (decision, runs) => {
      const { gateway, token, model, workspace } = all;
      const file = join(workspace, `${decision}.txt`);
      model.next(callTool("bash", { command: `echo made > ${file}`, description: "Makes a file" }), answer("Well."));
      using socket = await asking(gateway, token);
      socket.send({ type: "message", content: "Make the file", session_id: decision, stream: true });
      const asked = (await through(socket, isType("permission_request"))).frames.at(-1) ?? {};
      expect(asked["options"]).toContain("allow");
      expect(asked["options"]).toContain("deny");
      expect(existsSync(file)).toBe(false);
      socket.send({ type: "permission", request_id: asked["request_id"], decision });
      const seen = await through(socket, isType("response"));
      expect(existsSync(file)).toBe(runs);
      const states = seen.frames.filter(isType("tool")).map(({ state }) => state);
      expect(states.at(-1)).toBe(runs ? "done" : "failed");
    },
    PATIENCE_MS,
  );

  test(
    "is cancelled in the middle of its answer, and its model's server sees the connection go",
    async () => {
      const { gateway, token, model } = all;
      model.next({ parts: [{ say: "I begin " }, gate().part] });
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      socket.send({ type: "message", id: "m", content: "Tell me", session_id: "cancel", stream: true });
      await through(socket, (_frame, seen) => seen.text.includes("I begin"));
      const asked = model.turns.at(-1)!;
      socket.send({ type: "cancel", id: "m" });
      expect((await socket.through("error")).at(-1)).toMatchObject({ code: "cancelled", id: "m" });
      await asked.over;
      expect(asked.disconnected).toBe(true);
      // The conversation goes on after that.
      model.next(answer("And on."));
      socket.send({ type: "message", content: "Go on", session_id: "cancel" });
      expect((await through(socket, isType("response"))).terminals).toMatchObject([{ content: "And on." }]);
    },
    PATIENCE_MS,
  );

  test(
    "uses the gateway's tools over MCP",
    async () => {
      const { gateway, token, model } = all;
      model.next(callTool("zeroclaw_add_note", { text: "Opencode was here" }), answer("Done."));
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      socket.send({ type: "message", content: "Take a note", session_id: "tools", stream: true });
      const seen = await through(socket, isType("response"));
      const offered: readonly { function: { name: string } }[] = model.turns.at(-1)?.body.tools;
      expect(offered.map((tool) => tool.function.name)).toContain("zeroclaw_search");
      expect(seen.frames.filter(isType("tool")).at(-1)).toMatchObject({ name: "zeroclaw_add_note", state: "done" });

      model.next(callTool("zeroclaw_search", { words: "opencode" }), echo);
      socket.send({ type: "message", content: "Search", session_id: "tools", stream: true });
      expect((await through(socket, isType("response"))).text).toContain("Opencode was here");
    },
    PATIENCE_MS,
  );
});

describe("opencode's process", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "is gone a few seconds after the gateway's %s, in the middle of an answer",
    async (signal) => {
      await using all = await start();
      const { gateway, token, model } = all;
      model.next({ parts: [{ say: "I begin " }, gate().part] });
      const socket = await GatewaySocket.authenticated(gateway.url, token);
      socket.send({ type: "message", content: "Tell me", stream: true });
      await through(socket, (_frame, seen) => seen.text.includes("I begin"));
      const processes = async () => (await processesOf(gateway.dir)).filter((pid) => pid !== String(gateway.pid));
      expect(await processes()).not.toEqual([]);
      gateway.signal(signal);
      await gateway.ended();
      await eventually("nobody is left", async () => (await processes()).length === 0);
    },
    PATIENCE_MS,
  );
});
