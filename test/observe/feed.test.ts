import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Feed, type FeedItem } from "../../src/observe/feed.ts";
import { ManualClock } from "../support/clock.ts";

function open() {
  const clock = new ManualClock();
  const reported: unknown[] = [];
  return { clock, reported, feed: new Feed(clock, (error) => reported.push(error)) };
}

describe("Feed", () => {
  test("gives every listener every item, with its topic and time, until it leaves", () => {
    const { feed, clock } = open();
    const seen: FeedItem[] = [];
    const leave = feed.subscribe((item) => seen.push(item));
    feed.emit("event", { n: 1 });
    clock.advance(1_500);
    feed.emit("run", { n: 2 });
    feed.emit("device", { n: 3 });
    leave();
    feed.emit("event", { n: 4 });
    expect(seen.map(({ number, frame }) => [number, frame])).toEqual([
      [1, { type: "event", topic: "events", at: "2026-11-22T12:00:00.000Z", data: { n: 1 } }],
      [2, { type: "run", topic: "runs", at: "2026-11-22T12:00:01.500Z", data: { n: 2 } }],
      [3, { type: "device", topic: "devices", at: "2026-11-22T12:00:01.500Z", data: { n: 3 } }],
    ]);
    expect(feed.listeners).toBe(0);
  });

  test("goes on when a listener throws, and reports it", () => {
    const { feed, reported } = open();
    const seen: number[] = [];
    feed.subscribe(() => {
      throw new Error("broken");
    });
    feed.subscribe(({ number }) => seen.push(number));
    feed.emit("run", {});
    expect(seen).toEqual([1]);
    expect(reported).toEqual([new Error("broken")]);
  });

  test("lets a reader go on after the last item it saw", () => {
    const { feed } = open();
    for (let n = 1; n <= 5; n += 1) feed.emit("run", n);
    expect(feed.after(`${feed.epoch}.3`)?.map(({ frame }) => frame.data)).toEqual([4, 5]);
    expect(feed.after(`${feed.epoch}.5`)).toEqual([]);
    expect(feed.after(`${feed.epoch}.0`)).toHaveLength(5);
  });

  test("says so when a place is not kept, of another life, or no place at all", () => {
    const { feed } = open();
    for (let n = 1; n <= 5_000; n += 1) feed.emit("run", n);
    const { epoch } = feed;
    for (const id of ["", "x", epoch, `${epoch}.1`, `${epoch}.5001`, `${epoch}.-1`, `${epoch}.a`, "other.4999"]) {
      expect(feed.after(id)).toBeNull();
    }
    for (const place of ["4999.5", "1.4999", "4999.", "", " 4999", "4999 ", "+4999", "5e3", "0x1387", "９"]) {
      expect([place, feed.after(`${epoch}.${place}`)]).toEqual([place, null]);
    }
    expect(feed.after(`${feed.epoch}.4999`)?.map(({ frame }) => frame.data)).toEqual([5_000]);
  });

  test("keeps the latest thousand items for whoever comes back, for any number of them", () => {
    void fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_500 }), fc.integer({ min: 0, max: 1_000 }), (count, back) => {
        const { feed } = open();
        for (let n = 1; n <= count; n += 1) feed.emit("run", n);
        const from = Math.max(0, count - back);
        const missed = feed.after(`${feed.epoch}.${from}`);
        expect(missed?.map(({ number }) => number)).toEqual(
          Array.from({ length: count - from }, (_, i) => from + 1 + i),
        );
      }),
      { numRuns: 20 },
    );
  });
});
