import { describe, expect, test } from "bun:test";
import type { Store } from "../../src/store/store.ts";
import { acceptAll, claimedIds, finishEvent, NOW, replyTo, type Use } from "./store-samples.ts";

const HOUR = 3_600_000;
/** The time after an operator, or NTP, set the clock two hours back. */
const BACK = NOW - 2 * HOUR;

/** Takes what is due and has it fail; it is due again `delay` later. */
async function failEvent(store: Store, id: string, attempt: number, at: number, delay: number): Promise<void> {
  expect(await claimedIds(store, 5, at)).toEqual([id]);
  await store.events.fail(id, attempt, { at, error: "x", next_at: at + delay });
}

async function replyIds(store: Store, now: number): Promise<string[]> {
  return (await store.replies.claim(5, now, "github")).map(({ reply_id }) => reply_id);
}

export function rebaseSuite(use: Use): void {
  describe("events.rebase", () => {
    test(
      "has a retry of before the clock was set back due as long after now as it was due after its failure",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        await failEvent(store, a!, 1, NOW, 5_000);
        expect(await store.events.rebase(BACK)).toBe(1);
        expect(await store.events.get(a!)).toMatchObject({ state: "retrying", error: "x", attempts: 1 });
        expect(await store.events.rebase(BACK + 1)).toBe(0); // once
        expect(await claimedIds(store, 5, BACK + 4_999)).toEqual([]);
        expect(await claimedIds(store, 5, BACK + 5_000)).toEqual([a!]);
      }),
    );

    test(
      "lets what is held behind it go on after what is left of its 60 s",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        await failEvent(store, a!, 1, NOW, 35_000);
        await failEvent(store, a!, 2, NOW + 35_000, HOUR);
        expect(await store.events.rebase(BACK)).toBe(1);
        const [c] = await acceptAll(store, ["a"]);
        expect(await claimedIds(store, 5, BACK + 24_999)).toEqual([]);
        expect(await claimedIds(store, 5, BACK + 25_000)).toEqual([b!]);
        await finishEvent(store, b!);
        expect(await claimedIds(store, 5, BACK + 25_000)).toEqual([c!]);
        await finishEvent(store, c!);
        expect(await claimedIds(store, 5, BACK + HOUR)).toEqual([a!]);
      }),
    );

    test(
      "changes nothing while the clock is right, nor where it was 5 s ahead",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        await failEvent(store, a!, 1, NOW, 6 * HOUR);
        for (const now of [NOW, NOW - 5_000, NOW + 30_000, NOW + 9 * HOUR]) {
          expect(await store.events.rebase(now)).toBe(0);
        }
        expect(await claimedIds(store, 5, NOW + 60_000)).toEqual([b!]);
        expect(await claimedIds(store, 5, NOW + 6 * HOUR - 1)).toEqual([]);
      }),
    );

    test(
      "leaves alone what is received, running, done or dead, and the order of a session",
      use(async ({ store }) => {
        const [a, b, c, d, e] = await acceptAll(store, ["a", "b", "c", "d", "d"]);
        await store.events.claim(3, NOW);
        await finishEvent(store, a!);
        await store.events.fail(b!, 1, { at: NOW, error: "x", next_at: null });
        const before = await store.events.list({ limit: 9 });
        expect(await store.events.rebase(BACK)).toBe(0);
        expect(await store.events.list({ limit: 9 })).toEqual(before);
        await finishEvent(store, c!);
        expect(await claimedIds(store, 5, BACK)).toEqual([d!]);
        await finishEvent(store, d!);
        expect(await claimedIds(store, 5, BACK)).toEqual([e!]);
      }),
    );

    test(
      "mends more than one transaction's worth in one call",
      use(async ({ store }) => {
        const sessions = Array.from({ length: 1_100 }, (_, i) => `s${i}`);
        const ids = await acceptAll(store, sessions);
        await store.events.claim(2_000, NOW);
        await Promise.all(ids.map((id) => store.events.fail(id, 1, { at: NOW, error: "x", next_at: NOW + 5_000 })));
        expect(await store.events.rebase(BACK)).toBe(1_100);
        expect(await claimedIds(store, 2_000, BACK + 5_000)).toHaveLength(1_100);
      }),
    );
  });

  test(
    "events.fail holds its session for 60 s from now at most, though its first failure was by a clock that was ahead",
    use(async ({ store }) => {
      const [a, b] = await acceptAll(store, ["a", "a"]);
      await failEvent(store, a!, 1, NOW, 5_000);
      await store.events.rebase(BACK);
      await failEvent(store, a!, 2, BACK + 5_000, HOUR);
      expect(await claimedIds(store, 5, BACK + 64_999)).toEqual([]);
      expect(await claimedIds(store, 5, BACK + 65_000)).toEqual([b!]);
    }),
  );

  test(
    "events.replayAll takes up what a replay in the future of a clock that was ahead took up",
    use(async ({ store }) => {
      const [a] = await acceptAll(store, ["a"]);
      await store.events.claim(1, NOW);
      await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: null });
      await store.events.replay(a!, NOW + 2 * HOUR, "x");
      await store.events.claim(1, NOW + 1);
      await store.events.fail(a!, 2, { at: NOW + 1, error: "x", next_at: null });
      expect(await store.events.replayAll({ state: "dead", until: NOW + 2 }, 9, NOW + 2, "x")).toEqual([a!]);
    }),
  );

  describe("replies.rebase", () => {
    test(
      "has a retry of before the clock was set back due as long after now, and what is held behind it within 60 s",
      use(async ({ store }) => {
        const first = await replyTo(store, { session_id: "a" });
        const second = await replyTo(store, { session_id: "a" });
        await replyIds(store, NOW);
        const retry = { at: NOW, state: "retrying", detail: "503", next_at: NOW + 2 * HOUR } as const;
        await store.replies.settle(first.reply_id, 1, retry);
        expect(await store.replies.rebase(NOW)).toBe(0);
        expect(await store.replies.rebase(BACK)).toBe(1);
        expect(await store.replies.rebase(BACK)).toBe(0);
        expect(await replyIds(store, BACK + 59_999)).toEqual([]);
        expect(await replyIds(store, BACK + 60_000)).toEqual([second.reply_id]);
        await store.replies.settle(second.reply_id, 1, { at: BACK + 60_000, state: "sent", detail: "ok" });
        expect(await replyIds(store, BACK + 2 * HOUR - 1)).toEqual([]);
        expect(await replyIds(store, BACK + 2 * HOUR)).toEqual([first.reply_id]);
      }),
    );

    test(
      "is not needed for the hold of what fails again: it is 60 s from now at most",
      use(async ({ store }) => {
        const first = await replyTo(store, { session_id: "a" });
        const second = await replyTo(store, { session_id: "a" });
        const failed = (attempt: number, at: number, delay: number) =>
          store.replies.settle(first.reply_id, attempt, { at, state: "retrying", detail: "x", next_at: at + delay });
        await replyIds(store, NOW);
        await failed(1, NOW, 0);
        expect(await replyIds(store, NOW)).toEqual([first.reply_id]);
        await failed(2, BACK, HOUR); // the clock was set back while it was being sent
        expect(await replyIds(store, BACK + 59_999)).toEqual([]);
        expect(await replyIds(store, BACK + 60_000)).toEqual([second.reply_id]);
      }),
    );
  });
}
