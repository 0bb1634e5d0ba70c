import { describe, expect, test } from "bun:test";
import { type Store, StoreUnavailable } from "../../src/store/store.ts";
import { NOW, replyTo, sampleEvent } from "../conformance/store-samples.ts";
import { ManualClock } from "../support/clock.ts";
import { Door, storeWith } from "../support/services.ts";

const FULL = "Cannot write to the store: database or disk is full (SQLITE_FULL). Free some disk space";

/** A store of which every call of one part fails as on a full disk. */
function withoutRoom(part: keyof Store): (store: Store) => Store {
  const fails = () => Promise.reject(new StoreUnavailable(FULL));
  const broken = new Proxy({}, { get: () => fails });
  return (store) => storeWith(store, (name) => (name === part ? broken : undefined));
}

describe("a start", () => {
  test.each(["devices", "events", "replies"] as const)(
    "that the store ends at its %s says to start again, for nobody goes on by itself then",
    async (part) => {
      const opening = Door.open({ store: withoutRoom(part) });
      await expect(opening).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(opening).rejects.toThrow(`${FULL}. Then start the gateway again`);
    },
  );

  test("ends the answers that a channel left which is not configured any more, though no other is either", async () => {
    await using first = await Door.open({ resume: false });
    const { event_id } = await replyTo(first.store, {}, { source: "gone" });
    await first.stop();
    await using second = await Door.open({ dir: first.dir });
    const settled = async () => (await second.store.replies.ofEvent(event_id))[0];
    for (let turn = 0; turn < 100 && (await settled())?.state !== "dead"; turn += 1) await second.settle();
    expect(await settled()).toMatchObject({ state: "dead", detail: 'There is no channel "gone" any more' });
  });

  test("after the clock was set back has retries due as long after now as they were", async () => {
    await using first = await Door.open({ resume: false, clock: new ManualClock(NOW) });
    const { event_id } = await first.store.events.accept(sampleEvent({ source: "webhook" }));
    await first.store.events.claim(1, NOW);
    await first.store.events.fail(event_id, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
    await first.stop();
    await using second = await Door.open({ dir: first.dir, clock: new ManualClock(NOW - 7_200_000) });
    await second.settle();
    second.clock.advance(4_000);
    await second.settle();
    expect(await second.store.events.get(event_id)).toMatchObject({ state: "retrying", attempts: 1 });
    second.clock.advance(1_000);
    await second.until(
      "the event was tried again",
      async () => (await second.store.events.get(event_id))?.state === "done",
      1,
    );
    expect(second.lines.join("")).toContain("The clock was set back");
  });
});
