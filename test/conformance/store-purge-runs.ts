import { describe, expect, test } from "bun:test";
import type { NewRun, Store } from "../../src/store/store.ts";
import { answer, NOW, sampleEvent, sampleOutcome, sampleRun, type Use } from "./store-samples.ts";

const BEFORE = { before: NOW + 60_000 };
/** In no other text of these tests. */
const WORDS = "walnut pistachio";

/** An event that a channel brought, answered by a run, or by one for each of `runs`. Returns the ids of the runs. */
async function answered(store: Store, session_id: string, ...runs: readonly Partial<NewRun>[]): Promise<string[]> {
  const event = sampleEvent({ session_id });
  await store.events.accept(event);
  const [claimed] = await store.events.claim(1, NOW);
  const ids: string[] = [];
  for (const fields of runs.length > 0 ? runs : [{}]) {
    const own = { session_id, event_id: event.event_id, origin: "event", reach: "channel", device_id: null } as const;
    const run = sampleRun({ ...own, input: `${WORDS} of ${session_id}`, ...fields });
    await answer(store, run, { response: `About ${WORDS}`, seq: ids.length + 1 });
    ids.push(run.run_id);
  }
  await store.events.complete(event.event_id, claimed!.attempts, NOW, "");
  return ids;
}

export function purgeRunsSuite(use: Use): void {
  describe.each(["purgeBodies", "purge"] as const)("events.%s", (method) => {
    test(
      "deletes what was asked and answered about the event, from the history and the search too",
      use(async ({ store }) => {
        const runs = await answered(store, "github:a", {}, {});
        expect(await store.search.find("walnut", {}, 9)).toHaveLength(2);
        expect(await store.events[method](BEFORE, 9)).toBe(1);
        for (const run_id of runs) expect(await store.runs.get(run_id)).toBeNull();
        expect((await store.sessions.messages("github:a", { limit: 9 })).items).toEqual([]);
        expect(await store.search.find("walnut", {}, 9)).toEqual([]);
        expect(await store.runs.endedAfter("github:a", 0, 9)).toEqual([]);
      }),
    );

    test(
      "keeps the session, whose numbers must not begin anew, and calls it by its id",
      use(async ({ store }) => {
        await answered(store, "github:a");
        await store.sessions.reserve("github:a", 500);
        expect((await store.sessions.get("github:a"))?.title).toContain("walnut");
        await store.events[method](BEFORE, 9);
        expect(await store.sessions.get("github:a")).toMatchObject({ title: "github:a", seq_limit: 500 });
        const titles = (await store.sessions.list({ limit: 9 })).items.map(({ title }) => title);
        expect(titles).toEqual(["github:a"]);
      }),
    );

    test(
      "leaves alone the runs and titles of events that stay",
      use(async ({ store }) => {
        const [old] = await answered(store, "github:a");
        await store.events[method](BEFORE, 9);
        const [later] = await answered(store, "github:b");
        expect(await store.events[method]({ before: NOW }, 9)).toBe(0);
        expect(await store.runs.get(old!)).toBeNull();
        expect(await store.runs.get(later!)).not.toBeNull();
        expect((await store.sessions.get("github:b"))?.title).toContain("walnut");
      }),
    );

    test.each(["owner", "chat"] as const)("leaves a device its own questions, asked with reach %s", async (reach) => {
      await use(async ({ store }) => {
        const [run] = await answered(store, "chat", { reach, device_id: "device-a" });
        expect(await store.events[method](BEFORE, 9)).toBe(1);
        expect(await store.runs.get(run!)).toMatchObject({ response: `About ${WORDS}` });
        expect(await store.search.find("walnut", { kind: "message" }, 9)).toHaveLength(1);
        expect((await store.sessions.get("chat"))?.title).toContain("walnut");
      })();
    });

    test(
      "takes the title from a device's session only where it came from what is deleted",
      use(async ({ store }) => {
        await answer(store, sampleRun({ session_id: "own", input: "My own question" }));
        await answered(store, "own");
        await answered(store, "brought", { device_id: "device-b" });
        await answer(store, sampleRun({ session_id: "brought", device_id: "device-b", input: "A later question" }));
        expect(await store.events[method](BEFORE, 9)).toBe(2);
        expect(await store.sessions.get("own")).toMatchObject({ title: "My own question", device_id: "device-a" });
        expect(await store.sessions.get("brought")).toMatchObject({ title: "brought", device_id: "device-b" });
      }),
    );

    test(
      "leaves alone a run that has not ended",
      use(async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept(event);
        const run = sampleRun({ event_id: event.event_id, reach: "channel", device_id: null });
        await store.runs.create(run);
        await store.events.claim(1, NOW);
        await store.events.complete(event.event_id, 1, NOW, "");
        await store.events[method](BEFORE, 9);
        expect(await store.runs.finish(run.run_id, 1, sampleOutcome())).toBe(true);
      }),
    );
  });

  test(
    "events.purge removes what an earlier purge of the bytes left of a later answer",
    use(async ({ store }) => {
      const [first] = await answered(store, "github:a");
      await store.events.purgeBodies(BEFORE, 9);
      const { event_id } = (await store.events.list({ limit: 1 })).items[0]!;
      const late = sampleRun({ session_id: "github:a", event_id, reach: "channel", device_id: null });
      await answer(store, late, { seq: 2 });
      expect(await store.events.purge(BEFORE, 9)).toBe(1);
      expect([await store.runs.get(first!), await store.runs.get(late.run_id)]).toEqual([null, null]);
    }),
  );
}
