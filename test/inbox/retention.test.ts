import { describe, expect, test } from "bun:test";
import { Retention } from "../../src/inbox/retention.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

const DAY = 86_400_000;

function scene(days: number, rows: { bodies: number; events: number; refusals: number }) {
  const clock = new ManualClock();
  const calls: string[] = [];
  const take = (name: keyof typeof rows, limit: number, age: number) => {
    const n = Math.min(limit, rows[name]);
    rows[name] -= n;
    calls.push(`${name} ${age / DAY} ${n}`);
    return Promise.resolve(n);
  };
  const store = {
    events: {
      purgeBodies: ({ before }: { before: number }, limit: number) => take("bodies", limit, clock.now() - before),
      purge: ({ before }: { before: number }, limit: number) => take("events", limit, clock.now() - before),
    },
    refusals: {
      purge: (before: number, _keep: number, limit: number) => take("refusals", limit, clock.now() - before),
    },
  };
  // as: nothing else of a store is asked for.
  return { clock, calls, retention: new Retention({ store: store as never, days, clock }) };
}

async function finish(clock: ManualClock, work: Promise<void>): Promise<void> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  for (let i = 0; i < 50 && !over; i += 1) {
    await quiet();
    clock.advance(50);
  }
  expect(over).toBe(true);
}

describe("Retention", () => {
  test("deletes in steps with pauses until nothing is left", async () => {
    const { clock, calls, retention } = scene(30, { bodies: 450, events: 200, refusals: 0 });
    await finish(clock, retention.run());
    expect(calls.map((call) => call.replace(/ 30(\.\d+)? /, " "))).toEqual([
      "bodies 200",
      "bodies 200",
      "bodies 50",
      "bodies 0",
      "events 200",
      "events 0",
      "refusals 0",
    ]);
  });

  test("keeps the rows of events for at least 7 days, by which duplicates are known", async () => {
    const { clock, calls, retention } = scene(1, { bodies: 0, events: 0, refusals: 0 });
    await finish(clock, retention.run());
    expect(calls).toEqual(["bodies 1 0", "events 7 0", "refusals 1 0"]);
  });

  test("stops after the step that is being done", async () => {
    const { clock, calls, retention } = scene(30, { bodies: 10_000, events: 1, refusals: 1 });
    const work = retention.run();
    await quiet();
    retention.stop();
    await finish(clock, work);
    expect(calls).toHaveLength(1);
  });
});
