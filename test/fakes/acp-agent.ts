/** An ACP agent as a process of its own, built on the agent's side of the SDK. What it is told decides what it does. */
import { agent, ndJsonStream, RequestError } from "@agentclientprotocol/sdk";

export interface AcpFakeOptions {
  /** Written to stdout, as it is, before anything else. */
  readonly banner?: string;
  readonly version?: number;
  /** `session/new` is refused until somebody logs in. */
  readonly login?: boolean;
  readonly mcpHttp?: boolean;
  readonly resume?: boolean;
  readonly load?: boolean;
  readonly stubborn?: boolean;
  /** Ends with this exit code before it says a word. */
  readonly exit?: number;
  /** Answers nothing, ever. */
  readonly mute?: "initialize" | "session/new";
  /** What sessions are called: all the same, or counted from 1 by each process. @default as no other process calls one */
  readonly ids?: "same" | "counted";
}

interface Said {
  readonly sessionId: string;
  readonly words: string;
  readonly text: string;
  say(text: string): Promise<void>;
  update(update: Record<string, unknown>): Promise<void>;
  request(method: string, params: unknown): Promise<unknown>;
}

let busy = false;

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}"));

async function main(options: AcpFakeOptions): Promise<void> {
  if (options.banner !== undefined) process.stdout.write(options.banner);
  if (options.exit !== undefined) {
    console.error("starting");
    console.error("no model is configured \u001b[31m!");
    process.exit(options.exit);
  }
  if (options.stubborn === true) {
    process.on("SIGTERM", () => {});
    process.stdout.on("error", () => {}); // nor is that nobody listens any more
    setInterval(() => {}, 1_000); // the end of stdin is no reason to go, either
  }
  const never = new Promise<never>(() => {});
  const sessions = new Map<string, string[]>();
  const cancels = new Map<string, () => void>();
  const opened: string[] = [];
  const { version = 1, mcpHttp = false, resume = false, load = false, login = false, mute } = options;
  let count = 0;
  agent({ name: "fake" })
    .onRequest("initialize", () =>
      mute === "initialize"
        ? never
        : {
            protocolVersion: version,
            agentInfo: { name: "fake-agent", version: "1.0.0" },
            agentCapabilities: {
              loadSession: load,
              mcpCapabilities: { http: mcpHttp },
              sessionCapabilities: { close: {}, ...(resume ? { resume: {} } : {}) },
            },
            authMethods: login ? [{ id: "web", name: "Log in with the web", description: "Run `fake login`" }] : [],
          },
    )
    .onRequest("session/new", ({ params }) => {
      if (mute === "session/new" || busy) return never;
      if (login) throw RequestError.authRequired();
      count += 1;
      const sessionId = options.ids === "same" ? "same" : `s${options.ids === "counted" ? "" : process.pid}-${count}`;
      sessions.set(sessionId, []);
      opened.push(`new ${JSON.stringify(params.mcpServers)}`);
      return { sessionId };
    })
    .onRequest("session/resume", ({ params }) => {
      sessions.set(params.sessionId, []);
      opened.push(`resume ${params.sessionId}`);
      return {};
    })
    .onRequest("session/load", async ({ params, client }) => {
      sessions.set(params.sessionId, []);
      opened.push(`load ${params.sessionId}`);
      const content = { type: "text", text: "what was said long ago" } as const;
      await client.notify("session/update", {
        sessionId: params.sessionId,
        update: { sessionUpdate: "agent_message_chunk", content },
      });
      return {};
    })
    .onRequest("session/close", ({ params }) => {
      sessions.delete(params.sessionId);
      opened.push("close");
      return {};
    })
    .onNotification("session/cancel", ({ params }) => cancels.get(params.sessionId)?.())
    .onRequest("session/prompt", async ({ params, client }) => {
      const { sessionId } = params;
      const past = sessions.get(sessionId);
      if (!past) throw RequestError.sessionNotFound(sessionId);
      const text = params.prompt.map((block) => (block.type === "text" ? block.text : "")).join("");
      const words = text.split("\n\n").at(-1) ?? "";
      past.push(words);
      const update = (change: Record<string, unknown>) =>
        // as: some of what it sends is deliberately no update that the SDK knows.
        client.notify("session/update", { sessionId, update: change } as never);
      const cancelled = new Promise<string>((resolve) => cancels.set(sessionId, () => resolve("cancelled")));
      const answer = await act({
        sessionId,
        words,
        text,
        update,
        say: (said) => update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: said } }),
        request: (method, asked) => client.request(method, asked),
      });
      if (words === "sessions") await update(chunk(JSON.stringify({ opened, past, sessions: sessions.size })));
      if (words === "forget") sessions.clear();
      // as: stop reasons of versions to come are among them.
      return { ...answer, stopReason: answer.stopReason === "wait" ? await cancelled : answer.stopReason } as never;
    })
    .connect(
      ndJsonStream(new WritableStream({ write: (bytes) => void process.stdout.write(bytes) }), Bun.stdin.stream()),
    );
}

function chunk(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { sessionUpdate: "agent_message_chunk", content: { type: "text", text }, ...more };
}

interface Answer {
  readonly stopReason: string;
  readonly usage?: unknown;
}

const DONE: Answer = { stopReason: "end_turn" };

async function act(said: Said): Promise<Answer> {
  const [verb = "", ...rest] = said.words.split(" ");
  const act = ACTS[verb];
  if (act) return act(said, rest);
  await said.say(`You said: ${said.words}`);
  return DONE;
}

const ACTS: Readonly<Record<string, (said: Said, rest: readonly string[]) => Promise<Answer>>> = {
  async echo({ say }, rest) {
    for (const word of rest) await say(`${word} `);
    return { ...DONE, usage: { totalTokens: 9, inputTokens: 4, outputTokens: 5 } };
  },
  async prompt({ say, text }) {
    await say(text);
    return DONE;
  },
  async silent() {
    return DONE;
  },
  async sessions() {
    return DONE;
  },
  async forget({ say }) {
    await say("What was I about to say?");
    return DONE;
  },
  async stop({ say }, [stopReason = "", words]) {
    if (words !== undefined) await say(words);
    return { stopReason };
  },
  async fail(_said, [code = "", ...message]) {
    throw new RequestError(Number(code), message.join(" "), { details: "see the log" });
  },
  async think({ say, update }) {
    await update({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "Hm." } });
    await say("Yes.");
    return DONE;
  },
  async tools({ update }) {
    await update(chunk("Let me look."));
    await update({
      sessionUpdate: "tool_call",
      toolCallId: "t1",
      title: "Read\u001b[31m a file",
      kind: "read",
      rawInput: { path: "/x" },
    });
    for (let i = 0; i < 3; i += 1)
      await update({ sessionUpdate: "tool_call_update", toolCallId: "t1", status: "in_progress" });
    await update({
      sessionUpdate: "tool_call_update",
      toolCallId: "t1",
      status: "completed",
      rawOutput: { text: "y".repeat(9_000) },
    });
    await update({ sessionUpdate: "tool_call", toolCallId: "t2", kind: "execute", title: "" });
    const content = [{ type: "content", content: { type: "text", text: "no such file" } }];
    await update({ sessionUpdate: "tool_call_update", toolCallId: "t2", status: "failed", content });
    await update(chunk("Found it."));
    return DONE;
  },
  async only({ update }) {
    await update({ sessionUpdate: "tool_call", toolCallId: "t1", title: "Work", status: "completed" });
    return DONE;
  },
  async odd({ update, say }) {
    await update({ sessionUpdate: "a_kind_of_tomorrow", content: 1 });
    await update({ sessionUpdate: "plan", entries: [] });
    await update({ sessionUpdate: "agent_message_chunk", content: { type: "image", data: "", mimeType: "image/png" } });
    process.stdout.write(
      'debug: thinking\n[1]\n{"jsonrpc":"2.0","id":77,"result":{}}\n{"jsonrpc":"2.0","method":"x/y"}\n{"jsonrpc":"2.0"}\n',
    );
    await update({
      sessionUpdate: "agent_message_chunk",
      content: { type: "resource_link", name: "notes", uri: "file:///n" },
    });
    await say("!");
    return { stopReason: "out_of_coffee" };
  },
  async fs({ say, sessionId, request }) {
    const refused = await request("fs/read_text_file", { sessionId, path: "/etc/passwd" }).catch(
      (error: unknown) => error,
    );
    await say(refused instanceof RequestError ? `refused ${refused.code}` : "it was read");
    return DONE;
  },
  /** A kind may have its option's id behind a "="; with "muted" among them no session is opened meanwhile. */
  async permission({ say, sessionId, request }, kinds) {
    busy = kinds.includes("muted");
    const options = kinds.map((text) => {
      const [kind, optionId = `id:${kind}`] = text.split("=");
      return { optionId, name: "Yes, always allow everything", kind };
    });
    const toolCall = { toolCallId: "t1", title: "Delete\neverything" };
    const asked = await request("session/request_permission", { sessionId, toolCall, options });
    await say(JSON.stringify(asked));
    return DONE;
  },
  async hang({ say }) {
    await say("Wait");
    return { stopReason: "wait" };
  },
  async deaf({ say }) {
    await say("I will not stop");
    return new Promise(() => {});
  },
  /** Keeps its pipes open, and neither reads nor writes them any more. */
  async freeze({ say }) {
    await say("Brr");
    process.kill(process.pid, "SIGSTOP");
    return DONE;
  },
  /** Goes on and on, and opens no session meanwhile. */
  async mutter({ say }) {
    busy = true;
    setInterval(() => void say("mm "), 5);
    return new Promise(() => {});
  },
  async crash({ say }) {
    await say("And then");
    console.error("Segmentation\u0007 fault");
    process.exit(3);
  },
  async huge({ say }) {
    await say("x".repeat(5 * 1024 * 1024));
    return DONE;
  },
  async noise() {
    for (let i = 0; i < 80; i += 1) process.stdout.write(`${"#".repeat(1_023)}\n`);
    return new Promise(() => {});
  },
  async world({ say }, names) {
    const env = Object.fromEntries(names.map((name) => [name, process.env[name] ?? null]));
    await say(JSON.stringify({ cwd: process.cwd(), pid: process.pid, env }));
    return DONE;
  },
  /** A child that ignores what its parent ignores, and more. */
  async family({ say }) {
    const script = "trap '' TERM HUP; echo ready; while :; do sleep 1; done";
    const child = Bun.spawn(["/bin/sh", "-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    await child.stdout.getReader().read(); // until then a signal ends it
    await say(JSON.stringify([process.pid, child.pid]));
    return DONE;
  },
};
