import { describe, expect, test } from "bun:test";
import type { ReplyOutcome, Store } from "../../src/store/store.ts";
import { NOW, replyTo, sampleEvent, sampleOutcome, sampleReply, sampleRun, type Use } from "./store-samples.ts";

const SUPERSEDED = { state: "dead", detail: "Superseded: the event was replayed" } as const;
const RETRY: ReplyOutcome = { at: NOW, state: "retrying", detail: "503", next_at: NOW + 5_000 };

/** How an event is taken up again when somebody asks for it. */
const WAYS: readonly (readonly [string, (store: Store, event_id: string) => Promise<boolean>])[] = [
  ["events.replay", async (store, event_id) => (await store.events.replay(event_id, NOW + 1, "x")) === "replayed"],
  ["events.replayAll", async (store) => (await store.events.replayAll(DONE, 9, NOW + 1, "x")).length > 0],
];
const DONE = { state: "done", until: NOW + 1 } as const;

async function sending(store: Store): Promise<string[]> {
  return (await store.replies.claim(9, NOW + 60_000, "github")).map(({ reply_id }) => reply_id);
}

export function supersedeSuite(use: Use): void {
  describe.each(WAYS)("%s of an event", (_name, again) => {
    test.each(["pending", "retrying"] as const)("whose answer is %s: that one is not sent any more", async (state) => {
      await use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store);
        if (state === "retrying") {
          await store.replies.claim(1, NOW, "github");
          await store.replies.settle(reply_id, 1, RETRY);
        }
        expect(await again(store, event_id)).toBe(true);
        expect(await store.replies.ofEvent(event_id)).toMatchObject([{ ...SUPERSEDED, updated_at: NOW + 1 }]);
        expect(await sending(store)).toEqual([]);
        expect(await store.replies.sources()).toEqual([]);
      })();
    });

    test(
      "whose answer is being sent: it is pending until that has ended",
      use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store);
        await store.replies.claim(1, NOW, "github");
        expect(await again(store, event_id)).toBe(false);
        expect(await store.events.replay(event_id, NOW, "x")).toBe("pending");
        expect(await store.events.get(event_id)).toMatchObject({ state: "done" });
        expect(await store.replies.settle(reply_id, 1, { at: NOW, state: "sent", detail: "ok" })).toBe(true);
        expect(await again(store, event_id)).toBe(true);
        expect(await store.replies.ofEvent(event_id)).toMatchObject([{ state: "sent", detail: "ok" }]);
      }),
    );

    test(
      "lets the next answer of the conversation take the place of the one that is not sent",
      use(async ({ store }) => {
        const first = await replyTo(store, { session_id: "a" });
        const second = await replyTo(store, { session_id: "a", received_at: NOW + 2 }); // not found by replayAll
        await store.replies.claim(1, NOW, "github");
        await store.replies.settle(first.reply_id, 1, { ...RETRY, next_at: NOW + 3_600_000 });
        expect(await again(store, first.event_id)).toBe(true);
        const due = await store.replies.claim(9, NOW + 1, "github");
        expect(due.map(({ reply_id }) => reply_id)).toEqual([second.reply_id]);
      }),
    );
  });

  describe("events.accept of a delivery whose event is dead", () => {
    test(
      "is no duplicate, and none of its answers is left to be sent",
      use(async ({ store }) => {
        const { event_id } = await replyTo(store, { delivery_id: "d" });
        await store.events.replay(event_id, NOW, "x");
        await store.events.claim(1, NOW);
        await store.events.fail(event_id, 2, { at: NOW, error: "x", next_at: null });
        const answer = await store.events.accept(sampleEvent({ delivery_id: "d" }));
        expect(answer).toEqual({ event_id, duplicate: false });
        expect(await store.replies.ofEvent(event_id)).toMatchObject([SUPERSEDED]);
        expect(await sending(store)).toEqual([]);
      }),
    );
  });

  test(
    "events.accept of a delivery whose event is dead while an answer of it is being sent is a duplicate",
    use(async ({ store }) => {
      const event = sampleEvent({ delivery_id: "d" });
      await store.events.accept(event);
      await store.events.claim(1, NOW);
      const run = sampleRun({ event_id: event.event_id, reach: "channel", device_id: null });
      await store.runs.create(run);
      const dead = { at: NOW, error: "x", next_at: null };
      await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: dead, reply: sampleReply() }));
      await store.replies.claim(1, NOW, "github");
      const again = () => store.events.accept(sampleEvent({ delivery_id: "d" }));
      expect(await again()).toEqual({ event_id: event.event_id, duplicate: true });
      expect(await store.events.replayAll({ state: "dead", until: NOW }, 9, NOW, "x")).toEqual([]);
      expect(await store.events.get(event.event_id)).toMatchObject({ state: "dead" });
      const [reply] = await store.replies.interrupted("github");
      await store.replies.settle(reply!.reply_id, 1, { at: NOW, state: "sent", detail: "ok" });
      expect(await again()).toEqual({ event_id: event.event_id, duplicate: false });
    }),
  );

  describe("replies.sources", () => {
    test(
      "names each source that has something unsettled, once, and those of an earlier process too",
      use(async ({ store, reopen }) => {
        for (const source of ["shop", "shop", "github", "sent", "stripe"]) {
          await replyTo(store, { session_id: `${source}:1`, source }, { source });
        }
        for (const [source, state] of [
          ["sent", "sent"],
          ["stripe", "retrying"],
        ] as const) {
          const [reply] = await store.replies.claim(1, NOW, source);
          await store.replies.settle(reply!.reply_id, 1, { ...RETRY, state });
        }
        await store.replies.claim(9, NOW, "github");
        const again = await reopen();
        expect([...(await again.replies.sources())].sort()).toEqual(["github", "shop", "stripe"]);
        expect(await again.replies.interrupted("shop")).toEqual([]);
        expect(await again.replies.interrupted("github")).toMatchObject([{ source: "github", state: "sending" }]);
      }),
    );

    test(
      "are claimed apart: a source's claim takes nothing of another's",
      use(async ({ store }) => {
        const a = await replyTo(store, { session_id: "shop:1" }, { source: "shop" });
        const b = await replyTo(store, { session_id: "stripe:1" }, { source: "stripe" });
        expect(await store.replies.claim(9, NOW, "github")).toEqual([]);
        expect(await store.replies.claim(9, NOW, "stripe")).toMatchObject([{ reply_id: b.reply_id }]);
        expect(await store.replies.claim(9, NOW, "shop")).toMatchObject([{ reply_id: a.reply_id }]);
      }),
    );
  });
}
