import { expect, test } from "bun:test";
import type { Check } from "../../../src/agent/detect/check.ts";
import { checkModel } from "../../../src/agent/detect/check-model.ts";
import type { ModelTarget } from "../../../src/agent/model/providers.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { FakeServer, models, pages } from "./support/machine.ts";

function check(server: FakeServer, target: Partial<ModelTarget> = {}): Promise<readonly Check[]> {
  const whole = {
    provider: "custom",
    wire: "openai",
    base_url: server.base_url,
    model: "qwen3",
    api_key: null,
  } as const;
  return checkModel({ fetch, clock: systemClock }, { ...whole, ...target });
}

const states = (checks: readonly Check[]) => checks.map(({ name, state }) => `${name} ${state}`);

test("checkModel() finds a server that has the model", async () => {
  using server = new FakeServer(pages({ "/v1/models": models("llama3.2", "qwen3") }));
  expect(await check(server)).toEqual([
    { name: "server", state: "ok", detail: `${server.base_url} answers` },
    { name: "model", state: "ok", detail: 'the server has "qwen3"' },
  ]);
});

test("checkModel() names models that the server has, the nearest first, and asks nothing of a model", async () => {
  using server = new FakeServer(pages({ "/v1/models": models("a", "b", "c", "d", "e", "qwen3:8b") }));
  const [, model] = await check(server, { model: "qwen3:7b" });
  expect(model).toEqual({
    name: "model",
    state: "failed",
    detail: 'the server has no "qwen3:7b". It has qwen3:8b, a, b, c, d and 1 more.',
    hint: "Choose one: zeroclaw config set agent.model <name>",
  });
  expect(server.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    "GET /v1/models",
    "GET /v1/models/qwen3%3A7b",
  ]);
});

test("checkModel() takes a name that the server answers to without listing it", async () => {
  using server = new FakeServer(
    pages({ "/v1/models": models("claude-x-20260101"), "/v1/models/claude-x": { id: "y" } }),
  );
  expect(states(await check(server, { model: "claude-x" }))).toEqual(["server ok", "model ok"]);
});

test.each<[string, object, Partial<ModelTarget>]>([
  ["Ollama's without its tag", models("llama3.2:latest"), { provider: "ollama", model: "llama3.2" }],
  ["Gemini's without its prefix", models("models/gemini-3"), { provider: "gemini", model: "gemini-3" }],
  ["OpenRouter's list without `object`", { data: [{ id: "a/b" }] }, { model: "a/b" }],
  ["a bare list", [{ id: "qwen3" }], {}],
])("checkModel() knows %s", async (_what, list, target) => {
  using server = new FakeServer(pages({ "/v1/models": list }));
  expect(states(await check(server, target))).toEqual(["server ok", "model ok"]);
});

test("checkModel() sends an OpenAI key, and finds it accepted when the list is refused without it", async () => {
  using server = new FakeServer((request) =>
    request.headers.get("authorization") === "Bearer k"
      ? Response.json(models("qwen3"))
      : new Response(null, { status: 401 }),
  );
  expect(states(await check(server, { api_key: "k" }))).toEqual(["server ok", "key ok", "model ok"]);
  const [, wrong] = await check(server, { api_key: "other", provider: "openai" });
  expect(wrong).toEqual({
    name: "key",
    state: "failed",
    detail: "the key was refused (401)",
    hint: "Set it: zeroclaw config set agent.api_key env:OPENAI_API_KEY",
  });
});

test("checkModel() does not call a key accepted that nobody looked at", async () => {
  using server = new FakeServer(pages({ "/v1/models": models("qwen3") }));
  const checks = await check(server, { api_key: "anything" });
  expect(states(checks)).toEqual(["server ok", "key unknown", "model ok"]);
  expect(JSON.stringify(checks)).not.toContain("anything");
});

test("checkModel() speaks Anthropic's way to Anthropic", async () => {
  const list = { data: [{ type: "model", id: "claude" }], has_more: false };
  using server = new FakeServer((request) =>
    request.headers.get("x-api-key") === "k" ? Response.json(list) : new Response(null, { status: 401 }),
  );
  const target = { provider: "anthropic", wire: "anthropic", api_key: "k", model: "claude" } as const;
  expect(states(await check(server, target))).toEqual(["server ok", "key ok", "model ok"]);
  const [asked] = server.requests;
  expect(asked?.headers.get("anthropic-version")).toBe("2023-06-01");
  expect(asked?.headers.get("authorization")).toBeNull();
});

test("checkModel() does not follow a redirect, which would take the key along", async () => {
  using other = new FakeServer(pages({ "/v1/models": models("qwen3") }));
  using server = new FakeServer(() => Response.redirect(`${other.base_url}/models`, 308));
  expect(states(await check(server, { api_key: "k" }))).toEqual(["server failed"]);
  expect(other.requests).toEqual([]);
});

test.each<[string, () => Response, readonly string[]]>([
  ["a web page", () => new Response("<html>"), ["server failed"]],
  ["no list of models", () => new Response("no", { status: 404 }), ["server unknown", "model unknown"]],
  ["an error", () => new Response("no", { status: 500 }), ["server failed"]],
])("checkModel() tells of a server with %s", async (_what, answer, expected) => {
  using server = new FakeServer(answer);
  expect(states(await check(server))).toEqual([...expected]);
});

test("checkModel() tells why a server cannot be reached, without the secrets of its address", async () => {
  const gone = new FakeServer(() => new Response());
  gone[Symbol.dispose]();
  const [server] = await check(gone, { base_url: `http://user:hunter2@127.0.0.1:${gone.port}/v1` });
  expect(server).toEqual({
    name: "server",
    state: "failed",
    detail: `http://127.0.0.1:${gone.port}/v1 cannot be reached: the connection was refused`,
    hint: "Start the server, or correct agent.base_url.",
  });
});
