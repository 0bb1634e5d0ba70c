import { describe, expect, test } from "bun:test";
import { type DeliverParts, deliverReply } from "../../src/replies/deliver.ts";
import type { Sender, SendResult } from "../../src/replies/sender.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryReplyStore, NOW, openLog, replyOf } from "./support.ts";

const ID = replyOf().reply_id;

/** One reply that is being sent, and a sender that does what a test says. */
function open(sender: Partial<Sender> | { readonly none: string }, change = {}) {
  const clock = new ManualClock();
  const store = new MemoryReplyStore();
  store.add(replyOf(change));
  const stopping = new AbortController();
  const settled: string[] = [];
  const { log, lines } = openLog(clock);
  const whole = "none" in sender ? sender : { send: answering("sent"), interrupted: answering("uncertain"), ...sender };
  const parts: DeliverParts = {
    replies: store,
    senders: () => whole,
    settled: (reply, { state }) => settled.push(`${reply.reply_id} ${state}`),
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(255) },
    log,
  };
  const deliver = (how: "send" | "interrupted" = "send") => deliverReply(parts, store.get(ID), how, stopping.signal);
  return { deliver, store, clock, stopping, settled, lines };
}

function answering(kind: SendResult["kind"], more: { readonly retryAfterMs?: number } = {}) {
  return async (): Promise<SendResult> => ({ kind, detail: `It is ${kind}`, ...more });
}

describe("deliverReply", () => {
  test.each(["sent", "dead", "uncertain"] as const)(
    "stores that a reply is %s, with what the sender said",
    async (kind) => {
      const { deliver, store, settled, lines } = open({ send: answering(kind) });
      await deliver();
      expect(store.outcomes).toEqual([{ reply_id: ID, attempt: 1, at: NOW, state: kind, detail: `It is ${kind}` }]);
      expect(settled).toEqual([`${ID} ${kind}`]);
      expect(lines).toHaveLength(1);
    },
  );

  test("plans the next attempt as for events, with jitter", async () => {
    for (const [attempts, delay] of [
      [1, 6_000],
      [3, 144_000],
      [6, 25_920_000],
    ] as const) {
      const { deliver, store } = open({ send: answering("retry") }, { attempts });
      await deliver();
      expect(store.outcomes).toMatchObject([{ state: "retrying", next_at: NOW + delay }]);
    }
  });

  test("waits longer when the other side asks for it, a day at most, and never shorter than planned", async () => {
    for (const [asked, waited] of [
      [90_000, 90_000],
      [1_000, 6_000],
      [999_999_999, 86_400_000],
    ] as const) {
      const { deliver, store } = open({ send: answering("retry", { retryAfterMs: asked }) });
      await deliver();
      expect(store.outcomes).toMatchObject([{ state: "retrying", next_at: NOW + waited }]);
    }
  });

  test("gives up after the seventh attempt", async () => {
    const { deliver, store } = open({ send: answering("retry") }, { attempts: 7 });
    await deliver();
    expect(store.outcomes).toMatchObject([{ state: "dead", detail: "Given up after 7 attempts: It is retry" }]);
  });

  test("is dead without a sender, with the reason", async () => {
    const { deliver, store } = open({ none: '"channels.github.access_token" is not set' });
    await deliver();
    expect(store.outcomes).toMatchObject([{ state: "dead", detail: '"channels.github.access_token" is not set' }]);
  });

  test("is uncertain about an interrupted reply that has no sender any more", async () => {
    const { deliver, store } = open({ none: 'There is no channel "whatsapp" any more' });
    await deliver("interrupted");
    expect(store.outcomes).toMatchObject([{ state: "uncertain", detail: expect.stringContaining("no channel") }]);
  });

  test("asks the sender what becomes of an interrupted reply and sends nothing", async () => {
    let sent = 0;
    const send = async () => {
      sent += 1;
      return await answering("sent")();
    };
    const { deliver, store } = open({ send, interrupted: answering("retry") });
    await deliver("interrupted");
    expect(sent).toBe(0);
    expect(store.outcomes).toMatchObject([{ state: "retrying" }]);
  });

  test("tries an interrupted reply again soon, however often that happened: the other side did not fail", async () => {
    const { deliver, store, clock } = open({ interrupted: answering("retry") }, { attempts: 6 });
    await deliver("interrupted");
    expect(store.outcomes).toMatchObject([{ state: "retrying", next_at: clock.now() + 6_000 }]);
  });

  test("keeps trying to store the outcome while the store is unavailable, and sends once", async () => {
    let sent = 0;
    const send = async () => {
      sent += 1;
      return await answering("sent")();
    };
    const { deliver, store, clock, settled } = open({ send });
    store.failing.set("settle", 3);
    const done = deliver();
    for (let i = 0; i < 3; i += 1) {
      await quiet();
      expect(settled).toEqual([]);
      clock.advance(1_000);
    }
    await done;
    expect([sent, store.get(ID).state]).toEqual([1, "sent"]);
  });

  test("keeps trying to note a part before the next one is begun", async () => {
    const steps: string[] = [];
    const send: Sender["send"] = async (_reply, partSent) => {
      for (const part of ["a", "b"]) {
        steps.push(part);
        await partSent();
      }
      return { kind: "sent", detail: "both" };
    };
    const { deliver, store, clock } = open({ send });
    store.failing.set("partSent", 1);
    const done = deliver();
    await quiet();
    expect([steps, store.get(ID).parts_sent]).toEqual([["a"], 0]);
    clock.advance(1_000);
    await done;
    expect([steps, store.get(ID).parts_sent, store.get(ID).state]).toEqual([["a", "b"], 2, "sent"]);
  });

  test("leaves a reply as it is when the gateway stops before the store can be written", async () => {
    const { deliver, store, stopping, settled } = open({});
    store.failing.set("settle", 100);
    const done = deliver();
    await quiet();
    stopping.abort("stopping");
    await expect(done).rejects.toBe("stopping");
    expect([store.get(ID).state, settled]).toEqual(["sending", []]);
  });

  test("settles nothing about an attempt whose part could not be noted", async () => {
    const send: Sender["send"] = async (_reply, partSent) => {
      await partSent().catch(() => {}); // even a sender that does not care
      throw new Error("and then it fails");
    };
    const { deliver, store, stopping } = open({ send });
    store.failing.set("partSent", 100);
    const done = deliver();
    await quiet();
    stopping.abort("stopping");
    await expect(done).rejects.toThrow("and then it fails");
    expect([store.get(ID).state, store.outcomes]).toEqual(["sending", []]);
  });

  test("takes a sender that fails for an interrupted one, with the parts that arrived", async () => {
    const asked: number[] = [];
    const { deliver, store, lines } = open({
      send: async (_reply, partSent) => {
        await partSent();
        throw new Error("a fault of ours");
      },
      interrupted: async ({ parts_sent }) => {
        asked.push(parts_sent);
        return { kind: "uncertain", detail: "Who knows" };
      },
    });
    await deliver();
    expect(asked).toEqual([1]);
    expect(store.outcomes).toMatchObject([{ state: "uncertain", detail: "Who knows" }]);
    expect(lines.join("")).toContain("a fault of ours");
  });

  test("is uncertain when the sender can say nothing at all", async () => {
    const fail = async () => {
      throw new Error("broken");
    };
    const { deliver, store } = open({ send: fail, interrupted: fail });
    await deliver();
    expect(store.outcomes).toMatchObject([{ state: "uncertain" }]);
  });

  test("tells nobody of an attempt that had ended before", async () => {
    const { deliver, store, settled } = open({
      send: async () => {
        await store.settle(ID, 1, { at: NOW, state: "dead", detail: "somebody else" });
        return { kind: "sent", detail: "late" };
      },
    });
    await deliver();
    expect([store.get(ID).detail, settled]).toEqual(["somebody else", []]);
  });
});
