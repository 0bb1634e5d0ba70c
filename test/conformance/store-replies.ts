import { describe, expect, test } from "bun:test";
import type { ReplyTarget } from "../../src/protocol/reply.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW, replyTo, sampleEvent, sampleOutcome, sampleReply, sampleRun, type Use } from "./store-samples.ts";

const NONE = { pending: 0, sending: 0, retrying: 0, sent: 0, uncertain: 0, dead: 0 };

export function repliesSuite(use: Use): void {
  describe("runs.finish with a reply", () => {
    test.each<ReplyTarget>([
      { kind: "github", repository: "owner/name", number: 7 },
      { kind: "whatsapp", phone_number_id: "1", to: '491"', message_id: "wamid.ключ" },
      { kind: "callback" },
    ])("stores the answer's way back to %j with the end of the run", async (target) => {
      await use(async ({ store, reopen }) => {
        const { event_id, run_id, reply_id } = await replyTo(store, { session_id: "s" }, { target, source: "orders" });
        const again = await reopen();
        expect(await again.replies.ofEvent(event_id)).toEqual([
          {
            reply_id,
            event_id,
            run_id,
            source: "orders",
            session_id: "s",
            target,
            content: "Sunny.",
            model: "operator",
            state: "pending",
            attempts: 0,
            parts_sent: 0,
            detail: null,
            created_at: NOW + 1_000,
            updated_at: NOW + 1_000,
          },
        ]);
      })();
    });

    test(
      "stores it for another event than the run's own: a notice has none",
      use(async ({ store }) => {
        const event = sampleEvent({ session_id: "s" });
        await store.events.accept(event);
        const run = sampleRun({ origin: "notice", session_id: "s" });
        await store.runs.create(run);
        const reply = { ...sampleReply(), event_id: event.event_id };
        expect(await store.runs.finish(run.run_id, 1, sampleOutcome({ reply }))).toBe(true);
        expect(await store.replies.ofEvent(event.event_id)).toMatchObject([{ run_id: run.run_id, session_id: "s" }]);
        expect((await store.events.get(event.event_id))?.state).toBe("received");
      }),
    );

    test(
      "stores it once, however often the run is finished",
      use(async ({ store }) => {
        const { event_id, run_id } = await replyTo(store);
        const again = () => store.runs.finish(run_id, 1, sampleOutcome({ reply: sampleReply() }));
        expect(await Promise.all([again(), again()])).toEqual([false, false]);
        expect(await store.replies.ofEvent(event_id)).toHaveLength(1);
      }),
    );

    test(
      "stores none where there is no answer to send, nor where none is asked for",
      use(async ({ store }) => {
        for (const outcome of [{ response: null, reply: sampleReply() }, {}]) {
          const event = sampleEvent();
          await store.events.accept(event);
          await store.events.claim(1, NOW);
          const run = sampleRun({ event_id: event.event_id });
          await store.runs.create(run);
          expect(await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null, ...outcome }))).toBe(true);
          expect(await store.replies.ofEvent(event.event_id)).toEqual([]);
        }
        expect(await store.replies.counts()).toEqual(NONE);
      }),
    );

    test.each([
      ["whose id is taken", true],
      ["to an event that is not stored", false],
    ])("refuses a reply %s, and then the run has not ended either", async (_name, taken) => {
      await use(async ({ store }) => {
        const first = await replyTo(store);
        const event = sampleEvent({ session_id: "b" });
        await store.events.accept(event);
        await store.events.claim(1, NOW);
        const run = sampleRun({ event_id: taken ? event.event_id : "none" });
        await store.runs.create(run);
        const reply = sampleReply(taken ? { reply_id: first.reply_id } : {});
        const finishing = store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null, reply }));
        await expect(finishing).rejects.toThrow(`Cannot store reply "${reply.reply_id}" of run "${run.run_id}"`);
        expect((await store.runs.get(run.run_id))?.state).toBe("running");
        expect((await store.events.get(event.event_id))?.state).toBe("running");
        expect(await store.replies.counts()).toEqual({ ...NONE, pending: 1 });
      })();
    });

    test(
      "of an event that was replayed gives it one more, the latest first",
      use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store);
        await store.events.replay(event_id, NOW + 5, "x");
        await store.events.claim(1, NOW + 5);
        const run = sampleRun({ event_id, session_id: sampleEvent().session_id });
        await store.runs.create(run);
        const reply = sampleReply();
        await store.runs.finish(run.run_id, 1, sampleOutcome({ response: "Rain.", event_failure: null, reply }));
        expect((await store.replies.ofEvent(event_id)).map((row) => [row.reply_id, row.content])).toEqual([
          [reply.reply_id, "Rain."],
          [reply_id, "Sunny."],
        ]);
      }),
    );
  });

  describe("replies.claim", () => {
    test(
      "takes the oldest first, one of each session, and counts the attempt",
      use(async ({ store }) => {
        const [a1, a2, b1, c1] = await repliesIn(store, ["a", "a", "b", "c"]);
        expect(await store.replies.claim(0, NOW, "github")).toEqual([]);
        const taken = await store.replies.claim(2, NOW + 5, "github");
        expect(taken).toMatchObject([
          { reply_id: a1, state: "sending", attempts: 1, content: "Sunny.", updated_at: NOW + 5 },
          { reply_id: b1, state: "sending", attempts: 1 },
        ]);
        expect(await claimed(store, 9)).toEqual([c1!]);
        expect(await claimed(store, 9)).toEqual([]);
        await store.replies.settle(a1!, 1, { at: NOW, state: "sent", detail: "ok" });
        expect(await claimed(store, 9)).toEqual([a2!]);
      }),
    );

    test(
      "gives no reply twice to those that ask at the same moment",
      use(async ({ store }) => {
        await repliesIn(
          store,
          Array.from({ length: 12 }, (_, i) => `s${i % 4}`),
        );
        const taken = (await Promise.all(Array.from({ length: 9 }, () => claimed(store, 2)))).flat();
        expect(taken).toHaveLength(4);
        expect(new Set(taken).size).toBe(4);
      }),
    );

    test.each(["sent", "uncertain", "dead"] as const)("lets the session go on after one that is %s", async (state) => {
      await use(async ({ store }) => {
        const [a1, a2] = await repliesIn(store, ["a", "a"]);
        await store.replies.claim(9, NOW, "github");
        expect(await store.replies.settle(a1!, 1, { at: NOW + 3, state, detail: "told" })).toBe(true);
        expect(await rowOf(store, a1!)).toMatchObject({
          state,
          detail: "told",
          updated_at: NOW + 3,
          content: "Sunny.",
        });
        expect(await claimed(store, 9, NOW + 3)).toEqual([a2!]);
        expect(await claimed(store, 9, NOW + 9e9)).toEqual([]);
      })();
    });

    test.each([
      ["that came before it failed", true],
      ["that comes while it waits", false],
    ])("holds a reply of its session %s behind one that is to be tried again, for 60 s", async (_name, before) => {
      await use(async ({ store }) => {
        const [a1, ...early] = await repliesIn(store, before ? ["a", "a", "b"] : ["a", "b"]);
        await store.replies.claim(9, NOW, "github");
        await store.replies.settle(a1!, 1, { at: NOW, state: "retrying", detail: "503", next_at: NOW + 120_000 });
        const a2 = before ? early[0]! : (await repliesIn(store, ["a"]))[0]!;
        expect(await claimed(store, 9, NOW + 59_999)).toEqual([]);
        expect(await claimed(store, 9, NOW + 60_000)).toEqual([a2]);
        expect(await claimed(store, 9, NOW + 120_000)).toEqual([]); // a2 is being sent
        await store.replies.settle(a2, 1, { at: NOW + 120_000, state: "sent", detail: "ok" });
        expect(await store.replies.claim(9, NOW + 120_000, "github")).toMatchObject([{ reply_id: a1, attempts: 2 }]);
      })();
    });

    test(
      "holds a session for 60 s from a reply's first failure, however often it fails",
      use(async ({ store }) => {
        const [a1, a2] = await repliesIn(store, ["a", "a"]);
        const failed = (attempt: number, at: number, next_at: number) =>
          store.replies.settle(a1!, attempt, { at, state: "retrying", detail: "503", next_at });
        await store.replies.claim(9, NOW, "github");
        await failed(1, NOW, NOW + 5_000);
        expect(await claimed(store, 9, NOW + 5_000)).toEqual([a1!]);
        await failed(2, NOW + 5_000, NOW + 600_000);
        expect(await claimed(store, 9, NOW + 59_999)).toEqual([]);
        expect(await claimed(store, 9, NOW + 60_000)).toEqual([a2!]);
      }),
    );

    test(
      "takes a retry when it is due, before the later replies of its session",
      use(async ({ store }) => {
        const [a1, a2] = await repliesIn(store, ["a", "a"]);
        await store.replies.claim(9, NOW, "github");
        await store.replies.settle(a1!, 1, { at: NOW, state: "retrying", detail: "503", next_at: NOW + 4_999.5 });
        expect(await rowOf(store, a1!)).toMatchObject({ state: "retrying", detail: "503", content: "Sunny." });
        expect(await claimed(store, 9, NOW + 4_999)).toEqual([]);
        expect(await claimed(store, 9, NOW + 5_000)).toEqual([a1!]);
        await store.replies.settle(a1!, 2, { at: NOW + 5_000, state: "sent", detail: "ok" });
        expect(await claimed(store, 9, NOW + 5_001)).toEqual([a2!]);
      }),
    );

    test(
      "takes a retry without a time at once",
      use(async ({ store }) => {
        const [a] = await repliesIn(store, ["a"]);
        await store.replies.claim(1, NOW, "github");
        await store.replies.settle(a!, 1, { at: NOW, state: "retrying", detail: "the gateway stopped" });
        expect(await claimed(store, 1, NOW)).toEqual([a!]);
      }),
    );
  });

  describe("replies.settle and replies.partSent", () => {
    test(
      "change nothing for an attempt that is not the one being sent",
      use(async ({ store }) => {
        const [a] = await repliesIn(store, ["a"]);
        const sent = { at: NOW, state: "sent", detail: "ok" } as const;
        const late = async (attempt: number) => {
          await store.replies.partSent(a!, attempt);
          return store.replies.settle(a!, attempt, sent);
        };
        expect(await late(0)).toBe(false); // not begun
        await store.replies.claim(1, NOW, "github");
        expect(await late(2)).toBe(false);
        await store.replies.settle(a!, 1, { at: NOW, state: "retrying", detail: "503", next_at: NOW + 1 });
        expect(await late(1)).toBe(false);
        await store.replies.claim(1, NOW + 1, "github");
        expect(await late(1)).toBe(false);
        expect(await rowOf(store, a!)).toMatchObject({ state: "sending", attempts: 2, parts_sent: 0 });
        expect(await store.replies.settle(a!, 2, sent)).toBe(true);
        expect(await late(2)).toBe(false);
        expect(await store.replies.settle("none", 1, sent)).toBe(false);
        await store.replies.partSent("none", 1);
      }),
    );

    test(
      "remember across attempts and a crash how many parts have arrived",
      use(async ({ store, reopen }) => {
        const [a] = await repliesIn(store, ["a"]);
        await store.replies.claim(1, NOW, "github");
        await store.replies.partSent(a!, 1);
        await store.replies.partSent(a!, 1);
        await store.replies.settle(a!, 1, { at: NOW, state: "retrying", detail: "429", next_at: NOW + 1 });
        expect(await store.replies.claim(1, NOW + 1, "github")).toMatchObject([{ attempts: 2, parts_sent: 2 }]);
        await store.replies.partSent(a!, 2);
        expect(await (await reopen()).replies.interrupted("github")).toMatchObject([{ reply_id: a, parts_sent: 3 }]);
      }),
    );
  });

  describe("replies.interrupted", () => {
    test(
      "lists what was being sent at a crash, oldest first; until it is settled its session waits",
      use(async ({ store, reopen }) => {
        const [a1, a2, b1, c1] = await repliesIn(store, ["a", "a", "b", "c"]);
        await store.replies.claim(9, NOW, "github");
        await store.replies.settle(b1!, 1, { at: NOW, state: "sent", detail: "ok" });
        const again = await reopen();
        expect(await again.replies.interrupted("github")).toMatchObject([
          { reply_id: a1, state: "sending", attempts: 1, content: "Sunny." },
          { reply_id: c1, state: "sending", attempts: 1 },
        ]);
        expect(await claimed(again, 9)).toEqual([]);
        await again.replies.settle(a1!, 1, { at: NOW, state: "uncertain", detail: "cut off" });
        await again.replies.settle(c1!, 1, { at: NOW, state: "retrying", detail: "cut off", next_at: NOW });
        expect(await again.replies.interrupted("github")).toEqual([]);
        expect(await claimed(again, 9)).toEqual([a2!, c1!]);
      }),
    );
  });

  describe("a reply", () => {
    test(
      "arrives whole although its session is removed meanwhile, and goes with it once it is settled",
      use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store, { session_id: "s" });
        await store.sessions.remove("s");
        expect(await store.replies.claim(1, NOW, "github")).toMatchObject([
          { reply_id, content: "Sunny.", session_id: "s" },
        ]);
        await store.replies.settle(reply_id, 1, { at: NOW, state: "sent", detail: "ok" });
        expect(await store.replies.ofEvent(event_id)).toMatchObject([{ state: "sent", content: "", detail: "ok" }]);
      }),
    );

    test(
      "is counted by its state, every state being named",
      use(async ({ store }) => {
        expect(await store.replies.counts()).toEqual(NONE);
        const ids = await repliesIn(store, ["a", "b", "c", "d", "e", "f", "f"]);
        await store.replies.claim(5, NOW, "github");
        for (const [i, state] of (["sent", "uncertain", "dead", "retrying"] as const).entries()) {
          await store.replies.settle(ids[i]!, 1, { at: NOW, state, detail: "x", next_at: NOW + 5 });
        }
        expect(await store.replies.counts()).toEqual({
          pending: 2,
          sending: 1,
          retrying: 1,
          sent: 1,
          uncertain: 1,
          dead: 1,
        });
        expect(await store.replies.ofEvent("none")).toEqual([]);
      }),
    );
  });
}

/** Answered events of these sessions, one after the other; the ids of their replies. */
async function repliesIn(store: Store, sessions: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const session_id of sessions) ids.push((await replyTo(store, { session_id })).reply_id);
  return ids;
}

async function claimed(store: Store, limit: number, now = NOW): Promise<string[]> {
  return (await store.replies.claim(limit, now, "github")).map(({ reply_id }) => reply_id);
}

async function rowOf(store: Store, reply_id: string) {
  const { items } = await store.events.list({ limit: 100 });
  const rows = await Promise.all(items.map(({ event_id }) => store.replies.ofEvent(event_id)));
  return rows.flat().find((reply) => reply.reply_id === reply_id);
}
