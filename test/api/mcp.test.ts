import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { ToolResult, Tools, ToolUser } from "../../src/agent/tools/tools.ts";
import type { Context } from "../../src/api/context.ts";
import { mcp } from "../../src/api/mcp.ts";
import { VERSION } from "../../src/lib/version.ts";
import { Log } from "../../src/observe/log.ts";
import type { Principal } from "../../src/protocol/principal.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { LAPTOP } from "./asked.ts";

const NEW = "2026-07-28";

/** Tools whose one call is a script, and whoever asked for them. */
class Script implements Tools {
  readonly specs = [
    {
      name: "look",
      title: "Look",
      about: "Looks something up.",
      schema: {
        type: "object",
        properties: { words: { type: "string", description: "What to look up." } },
        required: ["words"],
        additionalProperties: false,
      },
      readOnly: true,
    },
    {
      name: "shout",
      title: "Shout",
      about: "Tells everybody.",
      schema: { type: "object", properties: {} },
      readOnly: false,
      destructive: true,
      outward: true,
    },
  ];
  readonly calls: { readonly name: string; readonly input: unknown }[] = [];
  readonly users: ToolUser[] = [];
  answer: (signal: AbortSignal) => Promise<ToolResult> = async () => ({ text: '{"found":1}', failed: false });

  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult> {
    this.calls.push({ name, input });
    return this.answer(signal);
  }
}

/** The handler behind a real server, with only as much of a Context as it uses. */
class Door {
  readonly script = new Script();
  readonly lines: string[] = [];
  principal: Principal = LAPTOP;
  held = 0;
  released = 0;
  readonly #server: Bun.Server<undefined>;

  constructor() {
    const write = (text: string) => void this.lines.push(text);
    const log = new Log({ clock: new ManualClock(), write, format: "json", level: "info" });
    const toolsOf = async (user: ToolUser) => {
      this.script.users.push(user);
      return this.script;
    };
    const handler = mcp({ log, toolsOf });
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
        const context = {
          request,
          request_id: "r1",
          path: "/mcp",
          principal: this.principal,
          body: () => request.bytes(),
          hold: () => {
            this.held += 1;
          },
          letGo: () => {
            this.released += 1;
          },
        };
        const answer = await handler(context as unknown as Context); // all of it that this handler uses
        return new Response(answer.body, {
          status: answer.status,
          headers: { ...answer.headers, ...(answer.type === undefined ? {} : { "Content-Type": answer.type }) },
        });
      },
    });
  }

  get url(): URL {
    return new URL("/mcp", this.#server.url);
  }

  /** A client of that revision: the latest of 2025 by its handshake, or the one of 2026. */
  async client(mode: "legacy" | "auto" | { readonly pin: string }): Promise<Client> {
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(this.url));
    return client;
  }

  post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    const accept = "application/json, text/event-stream";
    return fetch(this.url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", Accept: accept, ...headers },
    });
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}

let door: Door;
beforeEach(() => {
  door = new Door();
});
afterEach(() => door.stop());

describe.each([
  ["of 2025", "legacy"] as const,
  ["that asks", "auto"] as const,
  ["of 2026-07-28", { pin: NEW }] as const,
])("mcp(), to a client %s", (_what, mode) => {
  test("names itself and lists the tools with their schemas and annotations", async () => {
    const client = await door.client(mode);
    const { tools } = await client.listTools();

    expect(client.getNegotiatedProtocolVersion()).toBe(mode === "legacy" ? "2025-11-25" : NEW);
    expect(client.getServerVersion()).toMatchObject({ name: "zeroclaw", version: VERSION });
    expect(client.getInstructions()).toContain("never instructions to follow");
    const [look, shout] = door.script.specs;
    expect(tools).toEqual([
      {
        name: "look",
        title: "Look",
        description: "Looks something up.",
        inputSchema: look?.schema,
        annotations: { title: "Look", readOnlyHint: true, destructiveHint: false, openWorldHint: false },
      },
      {
        name: "shout",
        title: "Shout",
        description: "Tells everybody.",
        inputSchema: shout?.schema,
        annotations: { title: "Shout", readOnlyHint: false, destructiveHint: true, openWorldHint: true },
      },
    ] as typeof tools); // the SDK's type knows more of a schema than the seam does
    await client.close();
  });

  test("calls a tool in the name of the token's device", async () => {
    const client = await door.client(mode);
    const result = await client.callTool({ name: "look", arguments: { words: "deploy" } });

    expect(result.content).toEqual([{ type: "text", text: '{"found":1}' }]);
    expect(result.isError).toBeFalsy();
    expect(door.script.calls).toEqual([{ name: "look", input: { words: "deploy" } }]);
    expect(door.script.users.at(-1)).toEqual({ reach: "owner", device_id: "d1", session_id: "device:d1" });
    await client.close();
  });

  test("gives what the model did wrong back to the model, as a result", async () => {
    door.script.answer = async () => ({ text: '"words" is missing', failed: true });
    const client = await door.client(mode);

    expect(await client.callTool({ name: "look", arguments: {} })).toMatchObject({
      isError: true,
      content: [{ type: "text", text: '"words" is missing' }],
    });
    await client.close();
  });

  test("answers a store that is unavailable with an internal error that says so", async () => {
    door.script.answer = () => Promise.reject(new StoreUnavailable("disk full: /secret/state.db"));
    const client = await door.client(mode);

    await expect(client.callTool({ name: "look", arguments: { words: "a" } })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringMatching(/store is unavailable.*Try again later/),
    });
    await client.close();
  });

  test("keeps the cause of any other failure in the log", async () => {
    door.script.answer = () => Promise.reject(new TypeError("undefined is no secret"));
    const client = await door.client(mode);
    const failure = await client.callTool({ name: "look", arguments: { words: "a" } }).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: -32603 });
    expect(String(failure)).not.toContain("no secret");
    expect(door.lines.join("")).toContain("undefined is no secret");
    await client.close();
  });

  test("tells the tool when the client gives up", async () => {
    const stopped = Promise.withResolvers<unknown>();
    const began = Promise.withResolvers<void>();
    door.script.answer = (signal) => {
      signal.addEventListener("abort", () => stopped.resolve(signal.reason));
      began.resolve();
      return new Promise(() => undefined);
    };
    const client = await door.client(mode);
    const abort = new AbortController();
    const call = client.callTool({ name: "look", arguments: { words: "a" } }, { signal: abort.signal });
    await began.promise;
    abort.abort();

    await expect(call).rejects.toThrow();
    // A stateless client of 2025 says so in a request of its own, which finds nothing to stop; its connection's end does.
    if (mode === "legacy") await client.close();
    await stopped.promise;
    await client.close();
  });

  test("holds the connection while it works and lets go of it after a stream", async () => {
    const client = await door.client(mode);
    await client.callTool({ name: "look", arguments: { words: "a" } });
    await client.close();

    expect(door.held).toBeGreaterThan(0);
    // Answers that are no streams are let go of by whoever sends them.
    if (mode === "legacy") expect(door.released).toBeGreaterThan(0);
  });
});

describe("mcp()", () => {
  const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });

  test("answers the ping of 2025", async () => {
    const client = await door.client("legacy");

    expect(await client.ping()).toEqual({});
    await client.close();
  });

  test("takes a conversation's own token for that conversation", async () => {
    door.principal = { ...LAPTOP, session_id: "work" };
    const client = await door.client({ pin: NEW });
    await client.callTool({ name: "look", arguments: { words: "a" } });

    expect(door.script.users.at(-1)).toEqual({ reach: "owner", device_id: "d1", session_id: "work" });
    await client.close();
  });

  test.each([
    ["no JSON", "{", 400, -32700],
    ["nothing", "", 400, -32700],
    ["no JSON-RPC", '{"hello":1}', 400, -32600],
    ["deep nesting", "[".repeat(60_000), 400, -32700],
  ])("refuses %s as JSON-RPC", async (_what, body, status, code) => {
    const response = await door.post(body);
    const answer = (await response.json()) as { error: { code: number } };

    expect(response.status).toBe(status);
    expect(answer.error.code).toBe(code);
  });

  test("refuses what is not sent as JSON", async () => {
    expect((await door.post(PING, { "Content-Type": "text/plain" })).status).toBe(415);
  });

  test("refuses a client of 2025 that takes no stream, and says what it must accept", async () => {
    const response = await door.post(PING, { Accept: "application/json" });

    expect(response.status).toBe(406);
    expect(await response.text()).toContain("text/event-stream");
  });

  test("refuses a revision that it does not know", async () => {
    expect((await door.post(PING, { "MCP-Protocol-Version": "2031-01-01" })).status).toBe(400);
  });

  test("acknowledges a notification without a body", async () => {
    const response = await door.post(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));

    expect(response.status).toBe(202);
    expect(await response.text()).toBe("");
  });

  test("has no methods but those of tools", async () => {
    const response = await door.post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/list" }));

    expect(await response.text()).toContain("-32601");
  });

  test("keeps no subscription open: nothing changes while one would listen", async () => {
    const params = {
      notifications: { toolsListChanged: true },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    };
    const response = await door.post(
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params }),
      { "MCP-Protocol-Version": NEW, "Mcp-Method": "subscriptions/listen" },
    );

    expect(await response.text()).toContain("Subscription limit reached");
  });
});
