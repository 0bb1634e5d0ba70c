import type { ClientConnection, McpServer } from "@agentclientprotocol/sdk";
import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { VERSION } from "../../lib/version.ts";
import { AgentError } from "../agent.ts";
import { type Child, type Exit, endGroup, settledWithin } from "./child.ts";
import type { AcpCommand } from "./command.ts";
import { crashOf, failureOf, type Named, wrongVersion } from "./failures.ts";
import { messageStream } from "./message-stream.ts";
import { CANCELLED, type PermissionOutcome, type PermissionQuestion, parseQuestion } from "./permission.ts";
import type { StderrTail } from "./stderr-tail.ts";
import { label } from "./updates.ts";

/** Until the answer to `initialize`; long, because `npx` and the like install first. */
const HELLO_MS = 120_000;
/** Until a session is open. */
const OPEN_MS = 60_000;
/** Between the first and the last sign of a process's end: its output, its exit code. */
const END_MS = 500;
const PROTOCOL_VERSION = 1;

export type AcpSdk = typeof import("@agentclientprotocol/sdk");

/** 15 ms and zod: not before an agent is needed. */
export function loadSdk(): Promise<AcpSdk> {
  return import("@agentclientprotocol/sdk");
}

export interface ConnectionParts {
  readonly clock: Clock;
  readonly stderr: StderrTail;
}

/** Who is told of what concerns one ACP session while it answers a prompt. */
export interface PromptListener {
  update(update: Readonly<Record<string, unknown>>): void;
  permission(question: PermissionQuestion): Promise<PermissionOutcome>;
}

export interface Capabilities {
  /** It takes MCP servers over HTTP. */
  readonly mcpHttp: boolean;
  readonly load: boolean;
  readonly resume: boolean;
  readonly close: boolean;
}

/** One process that speaks ACP, from `initialize` to its end. */
export class AcpConnection {
  /** Why it ended, once it has. Never rejects. */
  readonly ended: Promise<AgentError>;
  /** Resolves when nobody of its process group is left. */
  readonly gone: Promise<void>;
  readonly #child: Child;
  readonly #command: AcpCommand;
  readonly #parts: ConnectionParts;
  readonly #listeners = new Map<string, PromptListener>();
  /** ACP sessions that are open, or about to be continued. */
  readonly #sessions = new Set<string>();
  /** Questions of the agent's that wait for somebody's answer. */
  #questions = 0;
  /** Signs of life so far: whatever it writes, and answers that it waited for. */
  #signs = 0;
  readonly #sdk: ClientConnection;
  #excused = false;
  #end!: (reason: AgentError) => void;
  #named: Named;
  #can: Capabilities = { mcpHttp: false, load: false, resume: false, close: false };

  /** Takes over a process that has just been started. `hello` comes next. */
  constructor({ client }: AcpSdk, child: Child, command: AcpCommand, parts: ConnectionParts) {
    this.#child = child;
    this.#command = command;
    this.#parts = parts;
    this.#named = { name: command.name, argv: command.argv, authMethods: [] };
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const silent = Promise.withResolvers<AgentError | null>();
    const onBytes = () => {
      this.#signs += 1;
    };
    const onUpdate = (params: unknown) => this.#update(params);
    const stream = messageStream(child, { onBytes, onUpdate, onEnd: silent.resolve });
    this.#sdk = client({ name: "zeroclaw" })
      .onRequest("session/request_permission", parseQuestion, ({ params }) => this.#permission(params))
      .connect(stream);
    void this.#watch(silent.promise, parts.stderr.read(child.stderr, onBytes));
    // It closes by itself only for a fault of its own.
    void this.#sdk.closed.then(() => this.#finish(broke(this.name)));
    this.gone = this.ended.then(() => endGroup(child, parts.clock, child.exited));
  }

  /** The agent's own name. */
  get name(): string {
    return this.#named.name;
  }

  get can(): Capabilities {
    return this.#can;
  }

  /** Agrees on the version, and learns who it is. @throws AgentError */
  async hello(): Promise<void> {
    const asked = this.#ask("initialize", {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: "zeroclaw", title: "ZeroClaw gateway", version: VERSION },
    });
    if (!(await settledWithin(asked, HELLO_MS, this.#parts.clock))) throw silence(this.name, "initialize", HELLO_MS);
    const answer = await asked;
    const hello = isObject(answer) ? answer : {};
    const { protocolVersion, agentInfo, agentCapabilities, authMethods } = hello;
    if (protocolVersion !== PROTOCOL_VERSION) throw wrongVersion(this.name, protocolVersion);
    this.#named = {
      name: (isObject(agentInfo) && label(agentInfo["name"])) || this.name,
      argv: this.#command.argv,
      authMethods: Array.isArray(authMethods) ? authMethods : [],
    };
    this.#can = capabilitiesOf(agentCapabilities);
  }

  /** The id of a new ACP session. @throws AgentError */
  async newSession(mcpServers: McpServer[]): Promise<string> {
    const answer = await this.#askSoon("session/new", { cwd: this.#command.cwd, mcpServers });
    const id = isObject(answer) ? answer["sessionId"] : undefined;
    if (typeof id !== "string" || id === "") {
      throw new AgentError(`The agent "${this.name}" made a session without an id.`);
    }
    // Two conversations in one session would read each other, and an owner's may be one of them.
    if (this.#sessions.has(id)) throw taken(this.name, id);
    this.#sessions.add(id);
    return id;
  }

  /** Goes on with a session that the agent knows from before, also from an earlier process. @throws AgentError */
  async continueSession(sessionId: string, mcpServers: McpServer[]): Promise<void> {
    const method = this.#can.resume ? "session/resume" : "session/load";
    if (this.#sessions.has(sessionId)) throw taken(this.name, sessionId);
    this.#sessions.add(sessionId);
    try {
      await this.#askSoon(method, { sessionId, cwd: this.#command.cwd, mcpServers });
    } catch (error) {
      this.#sessions.delete(sessionId);
      throw error;
    }
  }

  /** Lets go of a session. It may be continued later. */
  closeSession(sessionId: string): void {
    this.#sessions.delete(sessionId);
    // Its failure changes nothing: whoever closes a session does not use it any more.
    if (this.#can.close) void this.#ask("session/close", { sessionId }).catch(() => undefined);
  }

  /** The answer to `session/prompt`, after everything that `listener` was told. @throws AgentError */
  async prompt(sessionId: string, text: string, listener: PromptListener): Promise<unknown> {
    this.#listeners.set(sessionId, listener);
    try {
      return await this.#ask("session/prompt", { sessionId, prompt: [{ type: "text", text }] });
    } finally {
      this.#listeners.delete(sessionId);
    }
  }

  cancel(sessionId: string): void {
    void this.#sdk.agent.notify("session/cancel", { sessionId }).catch(() => undefined); // it has ended: as good as cancelled
  }

  /** Ends the process; everything under way fails with `reason`. `excused`: that says nothing against it. */
  kill(reason: AgentError, excused = false): void {
    this.#excused = excused;
    this.#finish(reason);
  }

  get excused(): boolean {
    return this.#excused;
  }

  /** @throws AgentError, made of whatever the agent answered */
  async #ask(method: string, params: unknown): Promise<unknown> {
    try {
      return await this.#sdk.agent.request(method, params);
    } catch (error) {
      throw failureOf(error, this.#named);
    }
  }

  /** What an agent has to answer soon. One that is stuck is ended, unless it is at other answers and gives signs of it. */
  async #askSoon(method: string, params: unknown): Promise<unknown> {
    const signs = this.#signs;
    const asked = this.#ask(method, params);
    if (await settledWithin(asked, OPEN_MS, this.#parts.clock)) return asked;
    const hangs = this.#signs === signs && this.#questions === 0;
    const stuck = hangs ? hanging(this.name, method) : silence(this.name, method, OPEN_MS);
    if (hangs || this.#listeners.size === 0) this.kill(stuck);
    throw stuck;
  }

  #update(params: unknown): void {
    if (!isObject(params) || !isObject(params["update"])) return;
    // Of no prompt under way: a session that is loaded repeats its past, and a cancelled one its last words.
    this.#listeners.get(String(params["sessionId"]))?.update(params["update"]);
  }

  async #permission(question: PermissionQuestion): Promise<{ outcome: PermissionOutcome }> {
    this.#questions += 1;
    try {
      const outcome = await (this.#listeners.get(question.sessionId)?.permission(question) ?? CANCELLED);
      return { outcome };
    } finally {
      this.#questions -= 1;
      this.#signs += 1; // it may well have waited for us
    }
  }

  /** Waits for the process's end, and for all the signs of it: the exit code, the last words. */
  async #watch(silent: Promise<AgentError | null>, stderr: Promise<void>): Promise<void> {
    const { exited } = this.#child;
    const broken = await Promise.race([silent, exited.then(() => null)]);
    if (broken !== null) {
      this.#finish(broken);
      return;
    }
    await settledWithin(Promise.all([exited, silent, stderr]), END_MS, this.#parts.clock);
    const exit: Exit | null = await Promise.race([exited, Promise.resolve(null)]);
    this.#finish(exit === null ? closedOutput(this.name) : crashOf(this.name, exit, this.#parts.stderr.last));
  }

  #finish(reason: AgentError): void {
    this.#end(reason); // the first reason counts
    this.#sdk.close(reason);
  }
}

function capabilitiesOf(found: unknown): Capabilities {
  const all = isObject(found) ? found : {};
  const session = isObject(all["sessionCapabilities"]) ? all["sessionCapabilities"] : {};
  const mcp = isObject(all["mcpCapabilities"]) ? all["mcpCapabilities"] : {};
  return {
    mcpHttp: mcp["http"] === true,
    load: all["loadSession"] === true,
    resume: isObject(session["resume"]),
    close: isObject(session["close"]),
  };
}

function silence(name: string, method: string, ms: number): AgentError {
  const hint = method === "initialize" ? ' Does agent.command lack an argument, such as "acp" or "--acp"?' : "";
  return new AgentError(`The agent "${name}" did not answer "${method}" within ${ms / 1_000} s.${hint}`);
}

function hanging(name: string, method: string): AgentError {
  return new AgentError(
    `The process of the agent "${name}" was ended: it did not answer "${method}" within ${OPEN_MS / 1_000} s, nor say anything else.`,
  );
}

function taken(name: string, id: string): AgentError {
  return new AgentError(
    `The agent "${name}" opened a session under the id "${label(id)}", which another conversation has open. Both would be one, so it is not used.`,
  );
}

function broke(name: string): AgentError {
  return new AgentError(`The connection to the agent "${name}" broke.`);
}

function closedOutput(name: string): AgentError {
  return new AgentError(`The agent "${name}" closed its output before its answer was over.`);
}
