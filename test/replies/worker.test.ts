import { describe, expect, test } from "bun:test";
import type { StoredReply } from "../../src/protocol/reply.ts";
import type { SendResult } from "../../src/replies/sender.ts";
import { openSenders } from "../../src/replies/senders.ts";
import { ReplyWorker } from "../../src/replies/worker.ts";
import { ReplyWorkers } from "../../src/replies/workers.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { callbackReply, FakeApi, MemoryReplyStore, openFetch, openLog, replyOf, until } from "./support.ts";

const SENT: SendResult = { kind: "sent", detail: "ok" };

/** Replies of the same session, or each of its own. */
function pending(id: string, session_id = id, change: Partial<StoredReply> = {}): StoredReply {
  return replyOf({ reply_id: id, session_id, state: "pending", attempts: 0, ...change });
}

/** A worker over replies in memory; sends end when told. */
function open(store = new MemoryReplyStore(), maxConcurrent = 2) {
  const clock = new ManualClock();
  const begun: string[] = [];
  const ends = new Map<string, (result: SendResult) => void>();
  const { log, lines } = openLog(clock);
  const begin = (what: string, id: string) => {
    begun.push(`${what} ${id}`);
    return new Promise<SendResult>((resolve) => ends.set(id, resolve));
  };
  const worker = new ReplyWorker({
    source: "whatsapp",
    replies: store,
    senders: () => ({
      send: ({ reply_id }) => begin("send", reply_id),
      interrupted: ({ reply_id }) => begin("interrupted", reply_id),
    }),
    maxConcurrent,
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(127) },
    log,
  });
  const end = async (id: string, result = SENT) => {
    ends.get(id)?.(result);
    await quiet();
  };
  const start = async () => {
    worker.start();
    await quiet();
  };
  return { worker, store, clock, begun, end, start, lines };
}

describe("ReplyWorker", () => {
  test("sends what is due when it starts, no more at once than it may", async () => {
    const { worker, store, begun, end, start } = open();
    store.add(pending("a"), pending("b"), pending("c"));
    await start();
    expect([begun, worker.running]).toEqual([["send a", "send b"], 2]);
    await end("b");
    expect(begun).toEqual(["send a", "send b", "send c"]);
    await end("a");
    await end("c");
    expect([worker.running, (await store.counts()).sent]).toEqual([0, 3]);
  });

  test("sends one of a conversation at a time", async () => {
    const { store, begun, end, start } = open();
    store.add(pending("a", "one"), pending("b", "one"), pending("c", "two"));
    await start();
    expect(begun).toEqual(["send a", "send c"]);
    await end("a");
    expect(begun).toEqual(["send a", "send c", "send b"]);
  });

  test("begins as soon as it is kicked, and by itself every second", async () => {
    const { worker, store, clock, begun, start } = open(new MemoryReplyStore(), 4);
    await start();
    store.add(pending("a"));
    worker.kick();
    await quiet();
    expect(begun).toEqual(["send a"]);
    store.add(pending("b"));
    clock.advance(999);
    await quiet();
    expect(begun).toEqual(["send a"]);
    clock.advance(1);
    await quiet();
    expect(begun).toEqual(["send a", "send b"]);
  });

  test("tries again when the plan says, until it is sent", async () => {
    const { store, clock, begun, end, start } = open();
    store.add(pending("a"));
    await start();
    await end("a", { kind: "retry", detail: "later" });
    expect(store.get("a")).toMatchObject({ state: "retrying", detail: "later", attempts: 1 });
    clock.advance(4_000);
    await quiet();
    expect(begun).toHaveLength(1);
    clock.advance(1_000);
    await quiet();
    expect(begun).toEqual(["send a", "send a"]);
    await end("a");
    expect(store.get("a")).toMatchObject({ state: "sent", attempts: 2 });
  });

  test("is dead after seven attempts", async () => {
    const { store, clock, end, start, begun } = open();
    store.add(pending("a"));
    await start();
    for (let attempt = 1; attempt <= 7; attempt += 1) {
      await end("a", { kind: "retry", detail: "no" });
      clock.advance(26_000_000);
      await quiet();
    }
    expect(begun).toHaveLength(7);
    expect(store.get("a")).toMatchObject({ state: "dead", detail: "Given up after 7 attempts: no" });
  });

  test("never sends an uncertain or dead reply again", async () => {
    const { store, clock, begun, end, start } = open();
    store.add(pending("a"), pending("b"));
    await start();
    await end("a", { kind: "uncertain", detail: "?" });
    await end("b", { kind: "dead", detail: "x" });
    clock.advance(86_400_000);
    await quiet();
    expect(begun).toHaveLength(2);
  });

  test("settles the interrupted ones first, each once, before it claims what is due", async () => {
    const { store, begun, end, start } = open();
    store.add(pending("d"), ...["a", "b", "c"].map((id) => pending(id, id, { state: "sending", attempts: 1 })));
    await start();
    expect(begun).toEqual(["interrupted a", "interrupted b"]);
    await end("a", { kind: "retry", detail: "cut off" });
    await end("b", { kind: "uncertain", detail: "cut off" });
    expect(begun).toEqual(["interrupted a", "interrupted b", "interrupted c", "send d"]);
    expect([store.get("a").state, store.get("b").state]).toEqual(["retrying", "uncertain"]);
  });

  test("asks again for the interrupted ones when the store could not be read, and claims nothing before", async () => {
    const { store, clock, begun, start, lines } = open();
    store.add(pending("a", "a", { state: "sending", attempts: 1 }), pending("b"));
    store.failing.set("interrupted", 1);
    await start();
    expect(begun).toEqual([]);
    expect(lines.join("")).toContain("disk is full");
    clock.advance(1_000);
    await quiet();
    expect(begun).toEqual(["interrupted a", "send b"]);
  });

  test("looks again after a claim that failed", async () => {
    const { store, clock, begun, start } = open();
    store.add(pending("a"));
    store.failing.set("claim", 1);
    await start();
    expect(begun).toEqual([]);
    clock.advance(1_000);
    await quiet();
    expect(begun).toEqual(["send a"]);
  });

  test("claims nothing after stop, and is idle when what was being sent has ended", async () => {
    const { worker, store, clock, begun, end, start } = open();
    store.add(pending("a"));
    await start();
    worker.stop();
    store.add(pending("b"));
    worker.kick();
    clock.advance(5_000);
    await quiet();
    let idle = false;
    const waiting = worker.idle().then(() => {
      idle = true;
    });
    await quiet();
    expect([begun, idle]).toEqual([["send a"], false]);
    await end("a");
    await waiting;
    expect([store.get("a").state, store.get("b").state, clock.timers]).toEqual(["sent", "pending", 0]);
  });

  test("is idle after stop though the store never comes back, and leaves the reply to the next start", async () => {
    const { worker, store, end, start, lines } = open();
    store.add(pending("a"));
    await start();
    store.failing.set("settle", 1_000);
    await end("a");
    worker.stop();
    await worker.idle();
    expect(store.get("a").state).toBe("sending");
    expect(lines.join("")).toContain("next start");
  });
});

describe("ReplyWorkers over senders and a network", () => {
  const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  /** A process: what it does not store is gone with it. */
  function startProcess(store: MemoryReplyStore, url: string, accessToken = "t") {
    const clock = new ManualClock();
    const common = { reply_private: true };
    const senders = openSenders(
      {
        whatsapp: { ...common, access_token: accessToken, graph_url: url },
        github: { ...common, access_token: accessToken, api_url: url, reply: true },
        shop: { ...common, scheme: "hmac", secret: "s", reply_url: url, reply_secret: SECRET },
      },
      { fetch: openFetch(clock), clock },
    );
    const random = { bytes: (length: number) => new Uint8Array(length) };
    const sources = ["whatsapp", "github", "shop"];
    const worker = new ReplyWorkers({ sources, replies: store, senders, clock, random, log: openLog(clock).log });
    worker.start();
    return { worker, clock };
  }

  const settled = (store: MemoryReplyStore, count: number) => until(() => store.outcomes.length === count);

  test("a crash between send and settle sends no WhatsApp message twice and says so", async () => {
    await using graph = new FakeApi(() => Response.json({ messages: [{ id: "wamid.1" }] }));
    const store = new MemoryReplyStore();
    store.add(pending("a"));
    store.failing.set("partSent", 1_000);
    const first = startProcess(store, graph.url);
    await until(() => graph.calls.length === 1);
    first.worker.stop(); // as good as gone: nothing of its attempt reaches the disk
    await first.worker.idle();
    store.failing.clear();
    const second = startProcess(store, graph.url);
    await settled(store, 1);
    expect(store.get("a")).toMatchObject({ state: "uncertain", attempts: 1 });
    expect(graph.calls).toHaveLength(1);
    second.worker.stop();
  });

  test("a crash between send and settle writes one comment and finds it", async () => {
    const comments: string[] = [];
    await using github = new FakeApi(({ method, body }) => {
      if (method === "GET") return Response.json(comments.map((text) => ({ body: text })));
      comments.push(JSON.parse(body).body);
      return Response.json({}, { status: 201 });
    });
    const store = new MemoryReplyStore();
    const target = { kind: "github", repository: "octo/hello", number: 7 } as const;
    store.add(pending("a", "github:octo:hello:7", { source: "github", target }));
    store.failing.set("settle", 1_000);
    const first = startProcess(store, github.url);
    await until(() => comments.length === 1);
    first.worker.stop();
    await first.worker.idle();
    store.failing.clear();
    const second = startProcess(store, github.url);
    await settled(store, 1);
    expect(store.get("a").state).toBe("sent");
    expect(comments).toHaveLength(1);
    second.worker.stop();
  });

  test("a crash between send and settle posts an answer again under the same webhook-id", async () => {
    await using shop = new FakeApi(() => new Response(null, { status: 204 }));
    const store = new MemoryReplyStore();
    store.add(callbackReply({ state: "pending", attempts: 0 }));
    store.failing.set("settle", 1_000);
    const first = startProcess(store, shop.url);
    await until(() => shop.calls.length === 1);
    first.worker.stop();
    await first.worker.idle();
    store.failing.clear();
    const second = startProcess(store, shop.url);
    await settled(store, 1);
    second.clock.advance(60_000);
    await settled(store, 2);
    expect(store.get(callbackReply().reply_id)).toMatchObject({ state: "sent", attempts: 2 });
    expect(new Set(shop.calls.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(shop.calls).toHaveLength(2);
    second.worker.stop();
  });

  test("a channel without its token leaves a dead reply that says what to set", async () => {
    const store = new MemoryReplyStore();
    store.add(pending("a"));
    const { worker } = startProcess(store, "http://127.0.0.1:9", "");
    await settled(store, 1);
    expect(store.get("a")).toMatchObject({
      state: "dead",
      detail: expect.stringContaining("channels.whatsapp.access_token"),
    });
    worker.stop();
  });
});
