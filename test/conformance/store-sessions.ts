import { describe, expect, test } from "bun:test";
import { answer, GARBAGE, NOW, pagesOf, sampleOutcome, sampleRun, type Use } from "./store-samples.ts";

export function sessionsSuite(use: Use): void {
  describe("sessions.list", () => {
    test(
      "shows the latest first, in pages, of one owner or of all",
      use(async ({ store }) => {
        for (let i = 0; i < 7; i += 1) {
          const device_id = i % 2 === 0 ? "device-a" : "device-b";
          // Three of them at the same moment: the order is still one, and no page repeats or leaves out any.
          await store.runs.create(sampleRun({ session_id: `s${i}`, device_id, created_at: NOW + Math.max(0, i - 2) }));
        }
        await store.runs.create(sampleRun({ session_id: "s0", created_at: NOW + 100 }));
        const pages = await pagesOf((after) => store.sessions.list({ limit: 2, ...(after && { after }) }));
        const all = pages.flat().map(({ session_id }) => session_id);
        expect(all.slice(0, 5)).toEqual(["s0", "s6", "s5", "s4", "s3"]);
        expect(all.slice(5).sort()).toEqual(["s1", "s2"]);
        const own = await pagesOf((after) =>
          store.sessions.list({ limit: 2, device_id: "device-b", ...(after && { after }) }),
        );
        expect(own.flat().map(({ session_id }) => session_id)).toEqual(["s5", "s3", "s1"]);
        expect(await store.sessions.list({ limit: 5, device_id: "none" })).toEqual({ items: [], next: null });
      }),
    );

    test.each(GARBAGE.filter((cursor) => cursor !== "s1"))("refuses the cursor %j", async (after) => {
      await use(async ({ store }) => {
        await store.runs.create(sampleRun());
        await expect(store.sessions.list({ limit: 1, after })).rejects.toMatchObject({ code: "bad_request" });
        await expect(store.sessions.messages("chat", { limit: 1, after })).rejects.toMatchObject({
          code: "bad_request",
        });
      })();
    });

    test(
      "does not take the cursor of another list",
      use(async ({ store }) => {
        await answer(store, sampleRun());
        await answer(store, sampleRun({ session_id: "other" }));
        const { next } = await store.sessions.messages("chat", { limit: 1 });
        await expect(store.sessions.list({ limit: 1, after: next! })).rejects.toMatchObject({ code: "bad_request" });
      }),
    );
  });

  describe("sessions.messages", () => {
    test.each([1, 2, 3, 10])("gives every message once, oldest first, in pages of %d", async (limit) => {
      await use(async ({ store }) => {
        for (let i = 0; i < 3; i += 1) {
          await answer(store, sampleRun({ input: `q${i}` }), { response: i === 1 ? null : `a${i}` });
          await answer(store, sampleRun({ session_id: "other", input: "elsewhere" }));
        }
        const pages = await pagesOf((after) => store.sessions.messages("chat", { limit, ...(after && { after }) }));
        expect(pages.flat().map(({ content }) => content)).toEqual(["q0", "a0", "q1", "q2", "a2"]);
        expect(new Set(pages.flat().map(({ message_id }) => message_id)).size).toBe(5);
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      })();
    });

    test(
      "keeps every question with its answer where several waited",
      use(async ({ store }) => {
        const [first, second] = [sampleRun({ input: "q0" }), sampleRun({ input: "q1", state: "queued" })];
        await store.runs.create(first);
        await store.runs.create(second);
        await store.runs.finish(first.run_id, 1, sampleOutcome({ response: "a0" }));
        await store.runs.finish(second.run_id, 1, sampleOutcome({ response: "a1" }));
        const { items } = await store.sessions.messages("chat", { limit: 10 });
        expect(items.map(({ content }) => content)).toEqual(["q0", "a0", "q1", "a1"]);
      }),
    );

    test(
      "is empty for a session that does not exist",
      use(async ({ store }) => {
        expect(await store.sessions.messages("none", { limit: 5 })).toEqual({ items: [], next: null });
        expect(await store.sessions.get("none")).toBeNull();
      }),
    );
  });

  describe("sessions.historyBefore", () => {
    test(
      "gives the latest messages before a run's own, oldest first",
      use(async ({ store }) => {
        const runs = Array.from({ length: 4 }, (_, i) => sampleRun({ input: `q${i}` }));
        for (const [i, run] of runs.entries()) await answer(store, run, { response: `a${i}` });
        const before = async (i: number, limit: number) =>
          (await store.sessions.historyBefore("chat", runs[i]!.run_id, limit)).map(({ content }) => content);
        expect(await before(3, 100)).toEqual(["q0", "a0", "q1", "a1", "q2", "a2"]);
        expect(await before(3, 3)).toEqual(["a1", "q2", "a2"]);
        expect(await before(1, 1)).toEqual(["a0"]);
        expect(await before(0, 100)).toEqual([]);
        expect(await before(3, 0)).toEqual([]);
      }),
    );

    test(
      "leaves out what got no answer: failed, cancelled before a word, or still waiting",
      use(async ({ store }) => {
        const error = { code: "agent_failed", detail: "The model filters that." };
        await answer(store, sampleRun({ input: "first" }), { response: "one" });
        await answer(store, sampleRun({ input: "poison" }), { state: "failed", response: null, error });
        await answer(store, sampleRun({ input: "never mind" }), { state: "cancelled", response: null, error });
        await answer(store, sampleRun({ input: "count" }), { state: "cancelled", response: "1, 2", error });
        await store.runs.create(sampleRun({ input: "waiting", state: "queued" }));
        const last = sampleRun({ input: "last" });
        await store.runs.create(last);
        const history = await store.sessions.historyBefore("chat", last.run_id, 10);
        expect(history.map(({ content, cut }) => [content, cut ?? false])).toEqual([
          ["first", false],
          ["one", false],
          ["count", false],
          ["1, 2", true],
        ]);
        // Whoever looks at the session sees all of it.
        const { items } = await store.sessions.messages("chat", { limit: 20 });
        expect(items.map(({ content }) => content)).toEqual([
          "first",
          "one",
          "poison",
          "never mind",
          "count",
          "1, 2",
          "waiting",
          "last",
        ]);
      }),
    );

    test(
      "has the answer that came after the question was asked, and nothing of other sessions",
      use(async ({ store }) => {
        const [first, second] = [sampleRun({ input: "q0" }), sampleRun({ input: "q1", state: "queued" })];
        await store.runs.create(first);
        await answer(store, sampleRun({ session_id: "other", input: "secret" }));
        await store.runs.create(second);
        await answer(store, sampleRun({ session_id: "other", input: "secret" }));
        await store.runs.finish(first.run_id, 1, sampleOutcome({ response: "a0" }));
        const history = await store.sessions.historyBefore("chat", second.run_id, 10);
        expect(history.map(({ content }) => content)).toEqual(["q0", "a0"]);
        expect(await store.sessions.historyBefore("other", second.run_id, 10)).toEqual([]);
        expect(await store.sessions.historyBefore("chat", "none", 10)).toEqual([]);
      }),
    );
  });

  describe("sessions.reserve", () => {
    test(
      "only ever raises the limit, and has stored it when it resolves",
      use(async ({ store, reopen }) => {
        await store.runs.create(sampleRun());
        await Promise.all([512, 256, 384].map((limit) => store.sessions.reserve("chat", limit)));
        const again = await reopen();
        expect((await again.sessions.get("chat"))?.seq_limit).toBe(512);
        await answer(again, sampleRun());
        expect((await again.sessions.get("chat"))?.seq_limit).toBe(512);
      }),
    );

    test(
      "before a session's first run leaves its owner and title to that run",
      use(async ({ store }) => {
        await store.sessions.reserve("chat", 64);
        await store.runs.create(sampleRun({ input: "Hello" }));
        expect(await store.sessions.get("chat")).toMatchObject({
          device_id: "device-a",
          title: "Hello",
          seq_limit: 64,
        });
      }),
    );
  });

  describe("sessions.remove", () => {
    test(
      "removes the session with its messages, runs and search entries, and nothing else",
      use(async ({ store }) => {
        const runs = [sampleRun({ input: "apple" }), sampleRun({ input: "banana" })];
        for (const run of runs) await answer(store, run);
        const other = sampleRun({ session_id: "other", input: "apple" });
        await answer(store, other);
        expect(await store.sessions.remove("chat")).toBe(true);
        expect(await store.sessions.remove("chat")).toBe(false);
        expect(await store.sessions.get("chat")).toBeNull();
        expect((await store.sessions.messages("chat", { limit: 10 })).items).toEqual([]);
        expect(await store.runs.get(runs[0]!.run_id)).toBeNull();
        expect((await store.search.find("apple", {}, 10)).map(({ ref }) => ref)).toEqual([other.run_id]);
      }),
    );

    test(
      "keeps the session of a run that has not ended, for its answer",
      use(async ({ store }) => {
        await answer(store, sampleRun({ input: "old" }));
        const running = sampleRun({ input: "new" });
        await store.runs.create(running);
        expect(await store.sessions.remove("chat")).toBe(true);
        expect(await store.runs.finish(running.run_id, 1, sampleOutcome({ response: "answer" }))).toBe(true);
        const { items } = await store.sessions.messages("chat", { limit: 10 });
        expect(items.map(({ content }) => content)).toEqual(["new", "answer"]);
        expect(await store.sessions.get("chat")).not.toBeNull();
      }),
    );

    test(
      "removes a long session whole",
      use(async ({ store }) => {
        const runs = Array.from({ length: 450 }, () => sampleRun());
        await Promise.all(runs.map((run) => store.runs.create(run)));
        await Promise.all(runs.map((run, seq) => store.runs.finish(run.run_id, 1, sampleOutcome({ seq }))));
        expect(await store.sessions.remove("chat")).toBe(true);
        expect((await store.sessions.messages("chat", { limit: 10 })).items).toEqual([]);
        expect(await store.sessions.get("chat")).toBeNull();
      }),
    );
  });
}
