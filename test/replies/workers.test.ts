import { describe, expect, test } from "bun:test";
import type { StoredReply } from "../../src/protocol/reply.ts";
import { SEND_TIMEOUT_MS, type SendResult } from "../../src/replies/sender.ts";
import { openSenders } from "../../src/replies/senders.ts";
import { ReplyWorkers } from "../../src/replies/workers.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryReplyStore, openFetch, openLog, replyOf, until } from "./support.ts";

const random = { bytes: (length: number) => new Uint8Array(length).fill(127) };

function pending(source: string, id: string, change: Partial<StoredReply> = {}): StoredReply {
  const own = { reply_id: id, session_id: `${source}:${id}`, source };
  return replyOf({ ...own, state: "pending", attempts: 0, ...change });
}

/** Workers of two sources: what goes to `slow` ends with its time-out, what goes to `fast` at once. */
async function open(store: MemoryReplyStore) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const timeOut = () =>
    new Promise<SendResult>((resolve) => {
      clock.after(SEND_TIMEOUT_MS, () => resolve({ kind: "retry", detail: "no answer within 20 s" }));
    });
  const send = ({ source, reply_id }: StoredReply): Promise<SendResult> => {
    sent.push(reply_id);
    return source === "slow" ? timeOut() : Promise.resolve({ kind: "sent", detail: "ok" });
  };
  const workers = new ReplyWorkers({
    sources: ["slow", "fast", "slow"],
    replies: store,
    senders: () => ({ send, interrupted: send }),
    clock,
    random,
    log: openLog(clock).log,
  });
  workers.start();
  await quiet();
  return { workers, clock, sent };
}

describe("ReplyWorkers", () => {
  test("send what a source has at once, whatever hangs at another", async () => {
    const store = new MemoryReplyStore();
    store.add(...Array.from({ length: 40 }, (_, i) => pending("slow", `slow${i}`)));
    store.add(...Array.from({ length: 9 }, (_, i) => pending("fast", `fast${i}`)));
    const { workers, clock, sent } = await open(store);
    const fast = () => sent.filter((id) => id.startsWith("fast"));
    expect(fast()).toEqual(Array.from({ length: 9 }, (_, i) => `fast${i}`));
    expect(sent.filter((id) => id.startsWith("slow"))).toEqual(["slow0", "slow1", "slow2", "slow3"]);
    store.add(pending("fast", "fast9"));
    workers.kick(); // no time has passed
    await quiet();
    expect(fast()).toHaveLength(10);
    clock.advance(SEND_TIMEOUT_MS);
    await quiet();
    expect(sent.filter((id) => id.startsWith("slow"))).toHaveLength(8);
    expect(store.get("slow0")).toMatchObject({ state: "retrying", detail: "no answer within 20 s" });
  });

  test("settle what was interrupted of each source by itself", async () => {
    const store = new MemoryReplyStore();
    const cut = { state: "sending", attempts: 1 } as const;
    store.add(...Array.from({ length: 6 }, (_, i) => pending("slow", `slow${i}`, cut)), pending("fast", "fast", cut));
    const { sent } = await open(store);
    expect(sent.sort()).toEqual(["fast", "slow0", "slow1", "slow2", "slow3"]);
    expect(store.get("fast").state).toBe("sent");
  });

  test("are idle after stop when nothing of any source is being sent any more, and leave no timer", async () => {
    const store = new MemoryReplyStore();
    store.add(pending("slow", "a"), pending("fast", "b"));
    const { workers, clock } = await open(store);
    workers.stop();
    let idle = false;
    const waiting = workers.idle().then(() => {
      idle = true;
    });
    await quiet();
    expect(idle).toBe(false);
    clock.advance(SEND_TIMEOUT_MS);
    await waiting;
    expect([store.get("a").state, clock.timers]).toEqual(["retrying", 0]);
  });

  test("of a source that is not configured any more end its answers as dead, and say so", async () => {
    const clock = new ManualClock();
    const store = new MemoryReplyStore();
    store.add(pending("gone", "a"));
    const senders = openSenders({}, { fetch: openFetch(clock), clock });
    const parts = { replies: store, senders, clock, random, log: openLog(clock).log };
    const workers = new ReplyWorkers({ ...parts, sources: await store.sources() });
    workers.start();
    await until(() => store.outcomes.length === 1);
    expect(store.get("a")).toMatchObject({ state: "dead", detail: 'There is no channel "gone" any more' });
    workers.stop();
  });
});
