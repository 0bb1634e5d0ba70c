import { describe, expect, test } from "bun:test";
import { AgentError } from "../../../src/agent/agent.ts";
import { Problem } from "../../../src/protocol/problem.ts";
import { bodyOf, dataOf, Served } from "./served.ts";

const ASKED = {
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "One" },
    { role: "assistant", content: "1" },
    { role: "user", content: "Two" },
  ],
};
const DESK = { "X-Zeroclaw-Session": "desk" };

function runOf(served: Served) {
  const run = [...served.world.store.rows.values()].at(-1);
  if (!run) throw new Error("No run is stored");
  return run;
}

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

function wholeOf({ choices }: Completion): string | undefined {
  return choices[0]?.message.content;
}

/** The `content` of every piece, put together. */
async function streamed(response: Response): Promise<string> {
  const chunks = (await dataOf(response)).filter((line) => line !== "[DONE]").map((line) => JSON.parse(line));
  return chunks.map(({ choices }) => choices?.[0]?.delta.content ?? "").join("");
}

describe("a request with X-Zeroclaw-Session", () => {
  test.each([false, true])("says its last message alone in that session, and keeps it (stream: %p)", async (stream) => {
    await using served = new Served();
    const response = await served.post("/chat/completions", { ...ASKED, stream }, DESK);
    const said = stream ? await streamed(response) : wholeOf(await bodyOf<Completion>(response));
    expect(said).toBe("You said: Two");
    expect(served.agent.last.turn).toMatchObject({
      session_id: "desk",
      text: "Two",
      instructions: "Be brief.",
      once: false,
      device_id: "owner",
      origin: "http",
    });
    expect(runOf(served)).toMatchObject({ session_id: "desk", state: "done", response: "You said: Two" });
    expect([served.world.runs.active, served.listeners.size]).toEqual([0, 0]);
  });

  test("streams thoughts and pieces as they come, and answers /v1/responses too", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.think("hm");
      turn.tool("c1", "running");
      turn.say("Hi");
      turn.done({ input_tokens: 3, output_tokens: 2 });
    };
    const chat = await dataOf(await served.post("/chat/completions", { ...ASKED, stream: true }, DESK));
    expect(chat.slice(0, -1).map((line) => JSON.parse(line).choices[0].delta)).toEqual([
      { role: "assistant", content: "" },
      { reasoning_content: "hm" },
      { content: "Hi" },
      {},
    ]);
    const response = await bodyOf(await served.post("/responses", { input: "Two" }, DESK));
    expect(response).toMatchObject({ usage: { total_tokens: 5 }, output: [{ content: [{ text: "Hi" }] }] });
  });

  test.each([false, true])("a connection that is lost cancels the run (stream: %p)", async (stream) => {
    await using served = new Served();
    served.agent.script = null;
    const client = new AbortController();
    const asked = served.post("/chat/completions", { ...ASKED, stream }, DESK, client.signal);
    const turn = await served.turn();
    if (stream) turn.say("Hi");
    if (stream) await asked;
    client.abort();
    await asked.catch(() => undefined);
    await served.until("the run has ended", () => runOf(served).state === "cancelled");
    await served.until("nothing is left", () => served.listeners.size === 0 && served.world.runs.active === 0);
  });

  test("a request that waits for its turn in the session and is given up is never answered", async () => {
    await using served = new Served();
    served.agent.script = null;
    const client = new AbortController();
    const first = served.post("/chat/completions", ASKED, DESK);
    const turn = await served.turn();
    const second = served.post("/chat/completions", ASKED, DESK, client.signal).catch(() => undefined);
    await served.until("both are stored", () => served.world.store.rows.size === 2);
    client.abort();
    await second;
    await served.until("it is let go of", () => served.listeners.size === 1);
    turn.say("1");
    turn.done();
    expect(wholeOf(await bodyOf<Completion>(await first))).toBe("1");
    await served.until("the second has ended", () => runOf(served).state === "cancelled");
    expect(served.agent.turns).toHaveLength(1);
  });

  test("a failed run has its status, and is not asked again by itself: the message is in the session already", async () => {
    await using served = new Served();
    served.agent.script = (turn) => turn.fail(new AgentError("Nobody is there.", { code: "agent_unavailable" }));
    for (const stream of [false, true]) {
      const response = await served.post("/chat/completions", { ...ASKED, stream }, DESK);
      expect([response.status, response.headers.get("x-should-retry")]).toEqual([503, "false"]);
    }
  });

  test("a run that somebody else cancels ends the stream with an error", async () => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.post("/chat/completions", { ...ASKED, stream: true }, DESK);
    (await served.turn()).say("Hi");
    const response = await asked;
    served.world.runs.cancel(runOf(served).run_id);
    expect(JSON.parse((await dataOf(response)).at(-1) ?? "")).toMatchObject({ error: { code: "cancelled" } });
  });

  test("a gateway that stops says so, and the run stays for its next start", async () => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.post("/chat/completions", ASKED, DESK);
    await served.turn();
    served.world.runs.abandon();
    served.leaving.abort();
    expect((await asked).status).toBe(503);
    await served.world.runs.idle();
    expect(runOf(served).state).toBe("running");
  });

  test("what a reader lost because memory forgot it comes with the end, once", async () => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.post("/chat/completions", { ...ASKED, stream: true }, DESK);
    const turn = await served.turn();
    turn.say("One, ");
    const response = await asked;
    const stream = await served.world.streams.acquire("desk");
    const before = stream.latest;
    turn.say("two, ");
    await served.until("it is said", () => stream.latest > before);
    // The reader has its piece by now or not at all: either way the whole must be the whole.
    stream.forget();
    turn.say("three");
    turn.done();
    expect(await streamed(response)).toBe("One, two, three");
  });

  test.each(["", "a b", "x".repeat(129), "ä"])("refuses the name %j", async (name) => {
    await using served = new Served();
    const headers = { "X-Zeroclaw-Session": Buffer.from(name).toString("latin1") };
    const response = await served.post("/chat/completions", ASKED, headers);
    expect([response.status, (await bodyOf(response)).error["param"]]).toEqual([400, "X-Zeroclaw-Session"]);
    expect(served.world.store.rows.size).toBe(0);
  });

  test("refuses a name that is the gateway's to give, and another device's", async () => {
    await using served = new Served();
    const reserved = await served.post("/chat/completions", ASKED, { "X-Zeroclaw-Session": "github:a/b" });
    expect(reserved.status).toBe(400);
    expect(served.listeners.size).toBe(0);
    await served.post("/chat/completions", ASKED, DESK);
    const other = await served.post("/chat/completions", ASKED, { ...DESK, Authorization: "Bearer zc_phone" });
    expect([other.status, (await bodyOf(other)).error["code"]]).toEqual([403, "forbidden_scope"]);
  });

  test("a full session is a rate limit to OpenAI's clients", async () => {
    await using served = new Served();
    served.world.runs.start = () => Promise.reject(new Problem("session_busy", { retryAfter: 5 }));
    const response = await served.post("/chat/completions", ASKED, DESK);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "5"]);
    expect((await bodyOf(response)).error).toMatchObject({
      code: "rate_limit_exceeded",
      zeroclaw_code: "session_busy",
    });
  });
});
