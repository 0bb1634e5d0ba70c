import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { answer, gate, html, ModelServer, refuse } from "../../fakes/model-server.ts";
import { agentAt, asIfRemote, eventsOf, failureOf, KEY, textOf, turnOf } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

describe.each([
  ["openai", {}],
  ["anthropic", { provider: "anthropic" }],
] as const)("a server on the wire of %s", (_wire, about) => {
  const fails = (more = {}) => failureOf(agentAt(server.url, { ...about, ...more }).agent);

  test("that refuses the key is not asked again, and the setting is named", async () => {
    server.next(refuse(401, "Incorrect API key"));
    const failure = await fails();
    expect([failure.permanent, failure.code, server.asked.length]).toEqual([true, "agent_failed", 1]);
    expect(failure.message).toMatch(
      /refused the key \(401\)\. It said: "Incorrect API key" Set agent\.api_key: zeroclaw config/,
    );
  });

  test("that wants a key where there is none says so", async () => {
    server.next(refuse(403, "No"));
    expect((await fails({ api_key: undefined })).message).toContain("wants a key (403)");
  });

  test("that does not have the model is asked which it has, the nearest first, at most five", async () => {
    server.models = ["alpha", "beta", "gamma", "delta", "epsilon", "test-models"];
    server.next(refuse(404, "model 'test-model' not found"));
    const failure = await fails();
    expect(failure.permanent).toBe(true);
    expect(failure.message).toContain(`has no model "test-model"`);
    expect(failure.message).toContain("It has: test-models, alpha, beta, gamma, delta. ");
    expect(failure.message).toContain("zeroclaw config set agent.model <name>");
  });

  test("that has no such path is told apart from one that has no such model", async () => {
    server.models = [];
    server.next(html(404, "404 Not Found"));
    expect((await fails()).message).toContain('It said: "404 Not Found" Is agent.base_url right? Most end in /v1.');
    server.models = ["test-model"];
    server.next(refuse(404, "nothing here"));
    expect((await fails()).message).toContain("Is agent.base_url right?");
  });

  test("that finds the conversation too long points at agent.context_tokens", async () => {
    server.next(refuse(400, "prompt is too long: 210000 tokens > 200000 maximum"));
    const failure = await fails();
    expect([failure.permanent, failure.message.includes("agent.context_tokens")]).toEqual([true, true]);
  });

  test("that fails on this machine is asked only once", async () => {
    server.next(refuse(500, "CUDA error"));
    const failure = await fails();
    expect([failure.permanent, failure.code, server.asked.length]).toEqual([false, "agent_failed", 1]);
    expect(failure.message).toBe(`The model at ${server.url} answered 500. It said: "CUDA error"`);
  });

  test("that has no room is unavailable, until when it says", async () => {
    server.next(refuse(503, "Loading model", { "retry-after": "7" }));
    const failure = await fails();
    expect([failure.code, failure.retryAfter, server.asked.length]).toEqual(["agent_unavailable", 7, 1]);
    expect(failure.message).toContain("Try again in 7 s.");
  });

  test("that answers with a web page is no model's API", async () => {
    server.next(html(200, "Sign in to the hotel Wi-Fi"));
    const { message } = await fails();
    expect(message).toContain('answered with a web page: "Sign in to the hotel Wi-Fi". Is agent.base_url');
  });

  test("that answers with a page and an error says what the page says", async () => {
    server.next(html(502, "Bad Gateway"));
    expect((await fails()).message).toContain('answered 502. It said: "Bad Gateway"');
  });

  test("that answers in one piece is told apart from one that streams", async () => {
    server.next({ status: 200, headers: { "content-type": "application/json" }, body: '{"error":"no credit"}' });
    expect((await fails()).message).toContain('JSON in place of a stream: "no credit"');
  });

  test("that sends no JSON in its stream is quoted", async () => {
    server.next({ parts: [{ raw: 'data: {"choices": [{"del\n\n' }] });
    expect((await fails()).message).toMatch(/no part of an answer: "\{'choices'/);
  });

  test("that sends JSON of another shape is quoted", async () => {
    server.next({ parts: [{ raw: 'data: {"type": 7, "choices": "many"}\n\n' }] });
    expect((await fails()).message).toContain("no part of an answer: \"{'type':7,'choices':'many'}\"");
  });

  test.each(['{"error":"out of memory"}', '{"object":"error","message":"out of memory"}'])(
    "that fails with %p in its stream is quoted as a person should read it",
    async (data) => {
      server.next({ parts: [{ raw: `data: ${data}\n\n` }] });
      expect((await fails()).message).toContain('failed while it answered. It said: "out of memory"');
    },
  );

  test("that redirects is not followed, because the key would go along", async () => {
    server.next({ status: 301, headers: { location: "https://elsewhere.example/v1" }, body: "" });
    expect((await fails()).message).toContain('answered 301: it is at "https://elsewhere.example/v1" now');
    expect(server.asked).toHaveLength(1);
  });

  test("that sends one enormous line is stopped", async () => {
    const piece = "x".repeat(1024 * 1024);
    server.next({ parts: [...Array.from({ length: 6 }, () => ({ raw: piece })), gate().part] });
    expect((await fails()).message).toContain("a line longer than 4 MB");
    await server.asked[0]!.over;
    expect(server.asked[0]!.disconnected).toBe(true);
  });

  test("that sends back a page without end as an error is read to its 64th KB only", async () => {
    server.next({ status: 500, body: "y".repeat(3 * 1024 * 1024) });
    expect((await fails()).message).toBe(`The model at ${server.url} answered 500. It said: "${"y".repeat(299)}…"`);
  });
});

describe("a server that cannot be reached", () => {
  test("on this machine is unavailable at once, and the program to start is named", async () => {
    await server.stop();
    const { agent } = agentAt(server.url, { provider: "ollama", api_key: undefined });
    const failure = await failureOf(agent);
    expect([failure.code, failure.permanent]).toEqual(["agent_unavailable", false]);
    expect(failure.message).toBe(`Cannot reach the model at ${server.url}: connection refused. Is ollama running?`);
    server = await ModelServer.start();
  });

  test("because its name does not exist is said to be so", async () => {
    const refuses = () => Promise.reject(Object.assign(new TypeError("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }));
    const ask = Object.assign(refuses, { preconnect: fetch.preconnect });
    const failure = await failureOf(agentAt("https://nowhere.example/v1", {}, { fetch: ask }).agent);
    expect(failure.message).toContain("https://nowhere.example/v1: its name cannot be found. Check agent.base_url");
  });

  test("is named without the password in its address", async () => {
    const refuses = () => Promise.reject(Object.assign(new TypeError("Refused"), { code: "ECONNREFUSED" }));
    const ask = Object.assign(refuses, { preconnect: fetch.preconnect });
    const { agent } = agentAt("https://me:hunter22@box.example/v1?key=s3cret", {}, { fetch: ask });
    expect((await failureOf(agent)).message).toBe(
      "Cannot reach the model at https://box.example/v1: connection refused.",
    );
  });
});

test("OpenAI's usage is not asked for again from a server that refused it", async () => {
  server.next(refuse(400, "Unknown field: stream_options"), answer("Fine"), answer("Fine again"));
  const { agent } = agentAt(server.url);
  expect(textOf(await eventsOf(agent, turnOf("Hello")))).toBe("Fine");
  expect(textOf(await eventsOf(agent, turnOf("Hello")))).toBe("Fine again");
  expect(server.asked.map(({ body }) => body.stream_options !== undefined)).toEqual([true, false, false]);
});

const key = fc.stringMatching(/^[A-Za-z0-9_.-]{8,60}$/);
const junk = fc.string({ unit: "grapheme", maxLength: 60 });
const status = fc.constantFrom(400, 401, 404, 418, 429, 500, 503);

test("the key is never shown, however the server sends it back", async () => {
  const remote = asIfRemote(server.url);
  await fc.assert(
    fc.asyncProperty(key, junk, junk, status, fc.nat(3), async (secret, before, after, code, way) => {
      const text = `${before}${secret}${after}`;
      server.models = [text, secret];
      const hidden = `${before}${[...secret].join("\u200b")}${after}`;
      const said = [text, hidden, `${before}${secret}`.repeat(40), encodeURIComponent(text)][way]!;
      const script = [
        refuse(code, said),
        html(code, said),
        { parts: [{ failure: said }] },
        { parts: [{ raw: `data: ${said}\n\n` }] },
      ];
      for (const each of script) {
        server.next(each, each, each);
        const { agent, clock, lines } = agentAt(remote.url, { api_key: secret }, { fetch: remote.fetch });
        const failing = failureOf(agent);
        const tick = setInterval(() => clock.advance(60_000), 1);
        const { message } = await failing.finally(() => clearInterval(tick));
        expect(message).not.toContain(secret);
        expect(lines.join("")).not.toContain(secret);
        server.clear();
      }
    }),
    { numRuns: 25 },
  );
});

test("nothing of the key is left when the message is cut in its middle", async () => {
  for (let length = 270; length < 310; length += 1) {
    server.next(refuse(418, `${"z".repeat(length)}${KEY}`));
    const { message } = await failureOf(agentAt(server.url).agent);
    expect(message).not.toContain(KEY.slice(0, 3));
  }
});
