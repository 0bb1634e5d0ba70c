import { expect, test } from "bun:test";
import { findServers, LOOPBACK_SERVERS } from "../../../src/agent/detect/find-servers.ts";
import { quiet } from "../../support/agent.ts";
import { ManualClock } from "../../support/clock.ts";
import { bareMachine, FakeServer, models, pages } from "./support/machine.ts";

const OLLAMA = {
  "/api/version": { version: "0.12.3" },
  "/api/tags": {
    models: [
      { name: "all-minilm:latest", details: { family: "bert" } },
      { name: "llama3.2:latest", details: { family: "llama" } },
    ],
  },
};
const NOTHING = { servers: [], locked: [] };

test("LOOPBACK_SERVERS are the providers of this machine, in the table's order", () => {
  expect(LOOPBACK_SERVERS.map(({ name }) => name)).toEqual(["ollama", "lmstudio", "llamacpp", "vllm", "jan"]);
  for (const { base_url } of LOOPBACK_SERVERS) expect(base_url).toStartWith("http://127.0.0.1:");
});

test("findServers() asks Ollama for its version and its models, those for conversations first", async () => {
  using ollama = new FakeServer(pages(OLLAMA));
  expect(await findServers(bareMachine({ servers: [ollama.place("ollama")] }))).toEqual({
    servers: [
      {
        provider: "ollama",
        base_url: ollama.base_url,
        version: "0.12.3",
        models: ["llama3.2:latest", "all-minilm:latest"],
        chat_model: "llama3.2:latest",
      },
    ],
    locked: [],
  });
});

test("findServers() asks all others for /v1/models and keeps the places' order", async () => {
  using first = new FakeServer(pages({ "/v1/models": models("text-embedding-x", "qwen3") }));
  using second = new FakeServer(pages({ "/v1/models": models() }));
  const { servers } = await findServers(bareMachine({ servers: [first.place("lmstudio"), second.place("jan")] }));
  expect(servers).toEqual([
    {
      provider: "lmstudio",
      base_url: first.base_url,
      version: null,
      models: ["text-embedding-x", "qwen3"],
      chat_model: "qwen3",
    },
    { provider: "jan", base_url: second.base_url, version: null, models: [], chat_model: null },
  ]);
  expect(first.requests.map(({ url }) => new URL(url).pathname)).toEqual(["/v1/models"]);
});

test.each<[string, (request: Request) => Response]>([
  ["HTML", () => new Response("<h1>It works</h1>", { headers: { "Content-Type": "text/html" } })],
  ["other JSON", () => Response.json({ status: "ok" })],
  ["a list of other things", () => Response.json({ object: "list", data: [{ id: "cus_1", object: "customer" }] })],
  ["a list of things without ids", () => Response.json({ object: "list", data: [{ name: "x" }] })],
  ["an array", () => Response.json([{ id: "x", object: "model" }])],
  ["nothing", () => new Response(null)],
  ["text that is no UTF-8", () => new Response(new Uint8Array([0xff, 0xfe, 0x00]))],
  ["an error with the right shape", () => Response.json(models("x"), { status: 500 })],
  ["1 MB of the right shape", () => Response.json({ ...models("x"), pad: "x".repeat(1_000_000) })],
  [
    "a packed answer that was not asked for",
    () => {
      const packed = Bun.gzipSync(Buffer.from(JSON.stringify(models("x"))));
      return new Response(packed, { headers: { "Content-Encoding": "gzip" } });
    },
  ],
])("findServers() takes no server that answers with %s for a model server", async (_what, answer) => {
  using other = new FakeServer(answer);
  expect(await findServers(bareMachine({ servers: [other.place("vllm"), other.place("ollama")] }))).toEqual(NOTHING);
  expect(other.requests.length).toBeGreaterThan(0);
});

test("findServers() does not follow a redirect to a model server", async () => {
  using real = new FakeServer(pages({ "/v1/models": models("x") }));
  using other = new FakeServer(() => Response.redirect(`${real.base_url}/models`, 307));
  expect(await findServers(bareMachine({ servers: [other.place()] }))).toEqual(NOTHING);
  expect(real.requests).toEqual([]);
});

test("findServers() gives up on a body without an end as soon as it is too long", async () => {
  const endless = () => {
    const chunk = new Uint8Array(65_536).fill(0x20);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
  };
  using other = new FakeServer(endless);
  // A clock that stands still: it is the size that ends it, not the time.
  const parts = bareMachine({ servers: [other.place()], clock: new ManualClock() });
  expect(await findServers(parts)).toEqual(NOTHING);
});

test("findServers() waits 300 ms for a server that says nothing, and no longer", async () => {
  const clock = new ManualClock();
  const asked = Promise.withResolvers<void>();
  using silent = new FakeServer(() => {
    asked.resolve();
    return new Promise<Response>(() => {});
  });
  let found: unknown = null;
  const looking = findServers(bareMachine({ servers: [silent.place()], clock })).then((all) => {
    found = all;
  });
  await asked.promise;
  clock.advance(299);
  await quiet();
  expect(found).toBeNull();
  clock.advance(1);
  await looking;
  expect(found).toEqual(NOTHING);
  expect(clock.timers).toBe(0);
});

test("findServers() waits 300 ms for a body that trickles", async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const trickle = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"object":"list",'));
          begun.resolve();
        },
      }),
    );
  using slow = new FakeServer(trickle);
  const looking = findServers(bareMachine({ servers: [slow.place()], clock }));
  await begun.promise;
  clock.advance(300);
  expect(await looking).toEqual(NOTHING);
});

test("findServers() never asks our own port", async () => {
  using ours = new FakeServer(pages({ "/v1/models": models("zeroclaw") }));
  expect(await findServers(bareMachine({ servers: [ours.place()], ownPort: ours.port }))).toEqual(NOTHING);
  expect(ours.requests).toEqual([]);
});

test("findServers() finds nothing where nobody listens", async () => {
  const gone = new FakeServer(() => new Response());
  const place = gone.place();
  gone[Symbol.dispose]();
  expect(await findServers(bareMachine({ servers: [place] }))).toEqual(NOTHING);
});

test("findServers() tells of a server that asks for a key, without calling it a model server", async () => {
  using locked = new FakeServer(() => Response.json({ error: "Unauthorized" }, { status: 401 }));
  expect(await findServers(bareMachine({ servers: [locked.place("jan")] }))).toEqual({
    servers: [],
    locked: [{ provider: "jan", base_url: locked.base_url }],
  });
});

test("findServers() leaves out names that could be an option or draw on a terminal", async () => {
  const ids = ["--help", "", "a\u001b[2J", "b\nc", "d\u202e", " e", "x".repeat(201), "good/name:7b"];
  using odd = new FakeServer(pages({ "/v1/models": models(...ids) }));
  const { servers } = await findServers(bareMachine({ servers: [odd.place()] }));
  expect(servers[0]?.models).toEqual(["good/name:7b"]);
});

test("findServers() ends at once when it is stopped", async () => {
  using silent = new FakeServer(() => new Promise<Response>(() => {}));
  const parts = bareMachine({ servers: [silent.place()], clock: new ManualClock() });
  expect(await findServers(parts, AbortSignal.abort())).toEqual(NOTHING);
});
