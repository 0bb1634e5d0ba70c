import { describe, expect, test } from "bun:test";
import { acceptAll, NOW, sampleKey, sampleOutcome, sampleRun, type Use } from "./store-samples.ts";

export function runsSuite(use: Use): void {
  describe("runs.create", () => {
    test(
      "stores the run, its session and the user's message",
      use(async ({ store }) => {
        const run = sampleRun({ input: "First line 👋\nsecond line", state: "queued" });
        await store.runs.create(run);
        expect(await store.runs.get(run.run_id)).toEqual({
          ...run,
          attempt: 1,
          response: null,
          model: null,
          usage: null,
          error: null,
          seq: null,
          started_at: null,
          ended_at: null,
        });
        expect(await store.sessions.get("chat")).toEqual({
          session_id: "chat",
          device_id: "device-a",
          title: "First line 👋",
          created_at: NOW,
          updated_at: NOW,
          seq_limit: 0,
        });
        expect((await store.sessions.messages("chat", { limit: 10 })).items).toMatchObject([
          { run_id: run.run_id, role: "user", content: "First line 👋\nsecond line", at: NOW },
        ]);
      }),
    );

    test(
      "leaves the session's owner and title as the first run made them",
      use(async ({ store }) => {
        await store.runs.create(sampleRun({ input: "first" }));
        await store.runs.create(sampleRun({ input: "second", device_id: "device-b", created_at: NOW + 5 }));
        expect(await store.sessions.get("chat")).toMatchObject({
          device_id: "device-a",
          title: "first",
          created_at: NOW,
          updated_at: NOW + 5,
        });
      }),
    );

    test.each([
      ["long lines", "é".repeat(200), "é".repeat(80)],
      ["characters outside the basic plane", "👍".repeat(200), "👍".repeat(80)],
      ["leading blank lines", " \n\n  question \r\nrest", "question"],
      ["nothing", "", ""],
    ])("makes a title of at most 80 characters out of %s", async (_name, input, title) => {
      await use(async ({ store }) => {
        await store.runs.create(sampleRun({ input }));
        expect((await store.sessions.get("chat"))?.title).toBe(title);
      })();
    });

    test(
      "refuses an id that is taken, in a sentence, and changes nothing",
      use(async ({ store }) => {
        const run = sampleRun();
        await store.runs.create(run);
        await expect(store.runs.create({ ...run, session_id: "other", input: "again" })).rejects.toThrow(
          `Cannot create run "${run.run_id}"`,
        );
        expect(await store.sessions.get("other")).toBeNull();
        expect((await store.runs.get(run.run_id))?.input).toBe(run.input);
      }),
    );

    test(
      "stores the Idempotency-Key with the run, and refuses the run when another one has the key",
      use(async ({ store }) => {
        const first = sampleRun();
        const key = sampleKey({ run_id: first.run_id });
        const second = sampleRun({ session_id: "other" });
        const outcomes = await Promise.allSettled([
          store.runs.create(first, key),
          store.runs.create(second, sampleKey({ run_id: second.run_id })),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
        expect(outcomes[1]).toMatchObject({ reason: { name: "Problem", code: "idempotency_in_flight" } });
        expect(await store.idempotency.get(key.scope, key.key)).toEqual(key);
        expect(await store.runs.get(second.run_id)).toBeNull();
        expect(await store.sessions.get("other")).toBeNull();
      }),
    );

    test(
      "takes a key again whose record is seven days old",
      use(async ({ store }) => {
        await store.runs.create(sampleRun(), sampleKey());
        const later = sampleRun({ created_at: NOW + 7 * 86_400_000 });
        const key = sampleKey({ run_id: later.run_id, created_at: NOW + 7 * 86_400_000 });
        await store.runs.create(later, key);
        expect(await store.idempotency.get(key.scope, key.key)).toEqual(key);
      }),
    );
  });

  describe("runs.begin", () => {
    test(
      "makes a queued run running, once",
      use(async ({ store }) => {
        const run = sampleRun({ state: "queued" });
        await store.runs.create(run);
        await store.runs.begin(run.run_id, NOW + 5);
        await store.runs.begin(run.run_id, NOW + 9);
        expect(await store.runs.get(run.run_id)).toMatchObject({ state: "running", started_at: NOW + 5 });
      }),
    );

    test(
      "does not revive a run that was cancelled while it waited",
      use(async ({ store }) => {
        const run = sampleRun({ state: "queued" });
        await store.runs.create(run);
        await store.runs.finish(run.run_id, 1, sampleOutcome({ state: "cancelled", response: null }));
        await store.runs.begin(run.run_id, NOW + 5);
        expect(await store.runs.get(run.run_id)).toMatchObject({ state: "cancelled", started_at: null });
      }),
    );
  });

  describe("runs.finish", () => {
    test(
      "stores the outcome and the answer in the history",
      use(async ({ store }) => {
        const run = sampleRun();
        await store.runs.create(run);
        expect(await store.runs.finish(run.run_id, 1, sampleOutcome({ seq: 42 }))).toBe(true);
        expect(await store.runs.get(run.run_id)).toMatchObject({
          state: "done",
          response: "Sunny.",
          model: "operator",
          usage: { input_tokens: 4, output_tokens: 2 },
          error: null,
          seq: 42,
          started_at: NOW,
          ended_at: NOW + 1_000,
        });
        expect((await store.sessions.messages("chat", { limit: 10 })).items[1]).toEqual({
          message_id: run.message_id,
          run_id: run.run_id,
          role: "assistant",
          content: "Sunny.",
          at: NOW + 1_000,
        });
        expect((await store.sessions.get("chat"))?.updated_at).toBe(NOW + 1_000);
      }),
    );

    test(
      "stores why there is no answer, and no message then",
      use(async ({ store }) => {
        const run = sampleRun();
        await store.runs.create(run);
        const error = { code: "agent_failed", detail: "401 from the provider" };
        await store.runs.finish(
          run.run_id,
          1,
          sampleOutcome({ state: "failed", response: null, usage: null, model: null, error }),
        );
        expect(await store.runs.get(run.run_id)).toMatchObject({ state: "failed", error, usage: null, response: null });
        expect((await store.sessions.messages("chat", { limit: 10 })).items).toHaveLength(1);
      }),
    );

    test(
      "happens exactly once, however many try at the same moment",
      use(async ({ store }) => {
        const run = sampleRun();
        await store.runs.create(run);
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, i) => store.runs.finish(run.run_id, 1, sampleOutcome({ response: `${i}` }))),
        );
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        const first = String(outcomes.indexOf(true));
        expect(await store.runs.get(run.run_id)).toMatchObject({ response: first });
        expect((await store.sessions.messages("chat", { limit: 10 })).items).toHaveLength(2);
      }),
    );

    test(
      "is refused for an earlier attempt, and for a run that does not exist",
      use(async ({ store }) => {
        const run = sampleRun();
        await store.runs.create(run);
        await store.runs.restart(run.run_id);
        expect(await store.runs.finish(run.run_id, 1, sampleOutcome())).toBe(false);
        expect(await store.runs.finish("none", 1, sampleOutcome())).toBe(false);
        expect(await store.runs.finish(run.run_id, 2, sampleOutcome())).toBe(true);
      }),
    );

    test(
      "makes its event done, with the answer",
      use(async ({ store }) => {
        const [event_id] = await acceptAll(store, ["a"]);
        await store.events.claim(1, NOW);
        const run = sampleRun({ event_id: event_id!, session_id: "a", origin: "event", reach: "channel" });
        await store.runs.create(run);
        await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null }));
        expect(await store.events.get(event_id!)).toMatchObject({
          state: "done",
          response: "Sunny.",
          model: "operator",
          updated_at: NOW + 1_000,
        });
        expect(await store.events.attempts(event_id!)).toEqual([{ at: NOW + 1_000, outcome: "done", detail: "" }]);
      }),
    );

    test(
      "makes its event retrying or dead, and leaves it alone when it was not running or nothing is said",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c", "d"]);
        await store.events.claim(3, NOW);
        const failures = [
          { at: NOW + 1, error: "timeout", next_at: NOW + 5_000 },
          { at: NOW + 1, error: "unknown model", next_at: null },
          undefined,
          { at: NOW + 1, error: "never ran", next_at: null },
        ];
        for (const [i, event_failure] of failures.entries()) {
          const run = sampleRun({ event_id: ids[i]!, session_id: `run-${i}` });
          await store.runs.create(run);
          const failed = { state: "failed", response: null } as const;
          await store.runs.finish(run.run_id, 1, sampleOutcome({ ...failed, ...(event_failure && { event_failure }) }));
        }
        const states = await Promise.all(ids.map(async (id) => (await store.events.get(id))?.state));
        expect(states).toEqual(["retrying", "dead", "running", "received"]);
      }),
    );
  });

  describe("runs", () => {
    test(
      "are found by their event, the latest first",
      use(async ({ store }) => {
        const first = sampleRun({ event_id: "e" });
        const second = sampleRun({ event_id: "e" });
        await store.runs.create(first);
        await store.runs.create(second);
        expect((await store.runs.ofEvent("e"))?.run_id).toBe(second.run_id);
        expect(await store.runs.ofEvent("none")).toBeNull();
        expect(await store.runs.get("none")).toBeNull();
      }),
    );

    test(
      "name the event that was answered last in their session, whatever else was said since",
      use(async ({ store }) => {
        for (const event_id of ["first", "last", null])
          await store.runs.create(sampleRun({ event_id, session_id: "s" }));
        await store.runs.create(sampleRun({ event_id: "elsewhere", session_id: "t" }));
        expect(await store.runs.latestEventOf("s")).toBe("last");
        expect(await store.runs.latestEventOf("none")).toBeNull();
      }),
    );

    test(
      "that are notices are one message of the assistant's, before and after their end",
      use(async ({ store }) => {
        const question = sampleRun({ session_id: "s", input: "Hello" });
        const notice = sampleRun({ session_id: "s", origin: "notice", input: "The build is red." });
        for (const run of [question, notice]) await store.runs.create(run);
        await store.runs.finish(question.run_id, 1, sampleOutcome({ response: "Hi" }));
        const said = async () => (await store.sessions.messages("s", { limit: 10 })).items;
        const expected = [
          { role: "user", content: "Hello" },
          { role: "assistant", content: "Hi" },
          { role: "assistant", content: "The build is red.", message_id: notice.message_id },
        ];
        expect(await said()).toMatchObject(expected);
        await store.runs.finish(notice.run_id, 1, sampleOutcome({ response: "The build is red." }));
        expect(await said()).toMatchObject(expected);
        const later = sampleRun({ session_id: "s" });
        await store.runs.create(later);
        expect(await store.sessions.historyBefore("s", later.run_id, 2)).toMatchObject(expected.slice(1));
      }),
    );

    test(
      "that were cancelled keep what had been said by then, in the history too",
      use(async ({ store }) => {
        const run = sampleRun({ session_id: "s", input: "Count" });
        await store.runs.create(run);
        const error = { code: "cancelled", detail: "The run was cancelled." };
        await store.runs.finish(run.run_id, 1, sampleOutcome({ state: "cancelled", response: "One, two", error }));
        expect(await store.runs.get(run.run_id)).toMatchObject({ state: "cancelled", response: "One, two", error });
        const { items } = await store.sessions.messages("s", { limit: 10 });
        expect(items.map(({ role, content, cut }) => [role, content, cut])).toEqual([
          ["user", "Count", undefined],
          ["assistant", "One, two", true],
        ]);
      }),
    );

    test(
      "that had not ended at a crash are listed oldest first, and start again with a higher attempt",
      use(async ({ store, reopen }) => {
        const queued = sampleRun({ state: "queued" });
        const running = sampleRun({ session_id: "b" });
        const ended = sampleRun({ session_id: "c" });
        for (const run of [queued, running, ended]) await store.runs.create(run);
        await store.runs.finish(ended.run_id, 1, sampleOutcome());
        const again = await reopen();
        expect((await again.runs.unfinished()).map(({ run_id }) => run_id)).toEqual([queued.run_id, running.run_id]);
        expect(await again.runs.restart(running.run_id)).toBe(2);
        expect(await again.runs.restart(running.run_id)).toBe(3);
        expect(await again.runs.get(running.run_id)).toMatchObject({ state: "queued", attempt: 3, started_at: null });
        await expect(again.runs.restart(ended.run_id)).rejects.toThrow(`Cannot restart run "${ended.run_id}"`);
        await expect(again.runs.restart("none")).rejects.toThrow('Cannot restart run "none"');
      }),
    );

    test(
      "that ended after a frame are listed by frame number, for that session alone",
      use(async ({ store }) => {
        for (const [session_id, seq] of [
          ["a", 30],
          ["a", 10],
          ["b", 25],
          ["a", 20],
          ["a", 40],
        ] as const) {
          const run = sampleRun({ session_id, input: `${seq}` });
          await store.runs.create(run);
          await store.runs.finish(run.run_id, 1, sampleOutcome({ seq }));
        }
        await store.runs.create(sampleRun({ session_id: "a", input: "open" }));
        const after = async (seq: number, limit: number) =>
          (await store.runs.endedAfter("a", seq, limit)).map((run) => run.seq);
        expect(await after(0, 10)).toEqual([10, 20, 30, 40]);
        expect(await after(10, 2)).toEqual([20, 30]);
        expect(await after(40, 10)).toEqual([]);
      }),
    );
  });
}
