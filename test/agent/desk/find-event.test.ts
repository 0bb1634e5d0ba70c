import { describe, expect, test } from "bun:test";
import { findEvent } from "../../../src/agent/desk/find-event.ts";
import { FakeDesk, idAt } from "../operator/support/desk.ts";

const signal = new AbortController().signal;

describe("findEvent()", () => {
  test("takes a whole id as it is, in any case and with its backticks", async () => {
    const id = idAt(1);
    expect(await findEvent(new FakeDesk(), `\`${id.toUpperCase()}\``, signal)).toEqual({ kind: "one", event_id: id });
  });

  test("finds the one event that begins so", async () => {
    const desk = new FakeDesk();
    const old = desk.event(3_600_000);
    desk.event(1_000);
    expect(await findEvent(desk, old.event_id.slice(0, 13), signal)).toEqual({ kind: "one", event_id: old.event_id });
  });

  test("looks no further back than the id's time", async () => {
    const desk = new FakeDesk();
    const event = desk.event(1_000);
    await findEvent(desk, event.event_id.slice(0, 13), signal);
    expect(desk.pages[0]?.since).toBe(event.received_at - 60_000);
  });

  test("says that several begin so, and names the newest five", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 8; i += 1) desk.event(1_000);
    const found = await findEvent(desk, desk.stored[0]?.event_id.slice(0, 13) ?? "", signal);
    if (found.kind !== "many") throw new Error(`expected many, got ${found.kind}`);
    expect(found.events.map(({ event_id }) => event_id)).toEqual(
      desk.stored
        .slice(3)
        .map(({ event_id }) => event_id)
        .reverse(),
    );
  });

  test("goes through all pages", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 1_200; i += 1) desk.event(1_200_000 - i * 1_000);
    const first = desk.stored[0]?.event_id ?? "";
    expect(await findEvent(desk, first.slice(0, 13), signal)).toEqual({ kind: "one", event_id: first });
    expect(desk.pages).toHaveLength(3);
  });

  test("says how many it looked through when there is none", async () => {
    const desk = new FakeDesk();
    desk.event(1_000);
    expect(await findEvent(desk, "0000", signal)).toEqual({ kind: "none", searched: 1 });
  });

  test.each(["abc", "xyzq", "0123456789abcdef0123456789abcdef01234", "----", "../../etc", ""])(
    "%p is no id",
    async (typed) => {
      expect(await findEvent(new FakeDesk(), typed, signal)).toEqual({ kind: "malformed" });
    },
  );

  test("stops when it is told to", async () => {
    const reason = new Error("cancelled");
    const error = await findEvent(new FakeDesk(), "0000", AbortSignal.abort(reason)).catch((thrown) => thrown);
    expect(error).toBe(reason);
  });
});
