import { describe, expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { Door, type DoorClient, type EventReader } from "../support/services.ts";

async function scene() {
  const door = await Door.open({ resume: false }); // nothing happens but what the test does
  const owner = await door.paired();
  const rename = (name: string) => owner.request("PATCH", `/api/devices/${owner.device_id}`, { name });
  return { door, owner, rename };
}

const open = (client: DoorClient, lastId?: string) =>
  client.follow("GET", "/api/stream", undefined, lastId === undefined ? {} : { "Last-Event-ID": lastId });

/** That many events, which share their commits. */
async function flood(owner: DoorClient, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => owner.post("/webhook", { i })));
}

/** The name that the next event says a device has got; `gap` for a gap, null at the end. */
async function nextName(events: EventReader): Promise<string | null> {
  const event = await events.next();
  if (!event) return null;
  return event.type === "gap" ? "gap" : JSON.parse(event.data).data.name;
}

describe("GET /api/stream", () => {
  test("sends what happens from now on, each with its id", async () => {
    const { door, owner, rename } = await scene();
    await using _ = door;
    const events = await open(owner);
    expect(events.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await rename("a");
    const first = await events.next();
    expect(first).toMatchObject({ type: "device", lastEventId: expect.stringMatching(/^\w+\.\d+$/) });
    expect(JSON.parse(first?.data ?? "")).toMatchObject({
      type: "device",
      topic: "devices",
      at: "2026-11-22T12:00:00.000Z",
      data: { device_id: owner.device_id, name: "a", scope: "owner" },
    });
    expect(first?.data).not.toContain("token");
    await rename("b");
    expect(await nextName(events)).toBe("b");
    await events.leave();
  });

  test("goes on after Last-Event-ID: what was missed first, then what happens", async () => {
    const { door, owner, rename } = await scene();
    await using _ = door;
    const before = await open(owner);
    await rename("a");
    const id = (await before.next())?.lastEventId ?? "";
    await before.leave();
    await rename("b");
    await rename("c");
    for (const events of [await open(owner, id), await owner.follow("GET", `/api/stream?last_event_id=${id}`)]) {
      expect([await nextName(events), await nextName(events)]).toEqual(["b", "c"]);
      await events.leave();
    }
    const live = await open(owner, id);
    await rename("d");
    expect([await nextName(live), await nextName(live), await nextName(live)]).toEqual(["b", "c", "d"]);
    await live.leave();
  });

  test.each(["garbage", "", "zz.1", ".", "x.x", "1", "{epoch}.999999", "{epoch}.-1"])(
    "says with a gap that some are missing for the id %p, then goes on live",
    async (written) => {
      const { door, owner, rename } = await scene();
      await using _ = door;
      await rename("a");
      const first = await open(owner);
      await rename("b");
      const epoch = (await first.next())?.lastEventId.split(".")[0] ?? "";
      await first.leave();
      const events = await open(owner, written.replace("{epoch}", epoch));
      const gap = await events.next();
      expect(gap).toMatchObject({ type: "gap", lastEventId: "" });
      expect(JSON.parse(gap?.data ?? "").detail).toContain("Load the lists again");
      await rename("c");
      expect(await nextName(events)).toBe("c");
      await events.leave();
    },
  );

  test("says so for an id of an earlier process, and for one whose place is not kept any more", async () => {
    const { door, owner, rename } = await scene();
    await using _ = door;
    const events = await open(owner);
    await rename("a");
    const id = (await events.next())?.lastEventId;
    await events.leave();
    await flood(owner, 2_000);
    const late = await open(owner, id);
    expect((await late.next())?.type).toBe("gap");
    await late.leave();
    await door.stop();
    door.clock.advance(1_000);
    await using next = await Door.open({ dir: door.dir, clock: door.clock, resume: false });
    const other = await open(next.client(owner.token), id);
    expect((await other.next())?.type).toBe("gap");
    await other.leave();
  });

  test("tells a reader that is 1,000 behind that it has missed some, and holds no more than that", async () => {
    const { door, owner, rename } = await scene();
    await using _ = door;
    const events = await open(owner);
    // The stream's own buffer fills up first, at 64 KB.
    await flood(owner, 2_500);
    await rename("last");
    const rest: string[] = [];
    for (let event = await events.next(); event; event = await events.next()) {
      rest.push(event.type);
      if (event.type === "device") break;
    }
    expect(rest).toContain("gap");
    expect(rest.length).toBeLessThan(1_700);
    await events.leave();
  });

  test("ends when the gateway begins to stop", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const events = await open(owner);
    const drained = door.services.drain(Promise.resolve(), 0);
    expect(await events.next()).toBeNull();
    door.clock.advance(1_000);
    await drained;
  });

  test("ends for a reader whose token is revoked, and for nobody else", async () => {
    const { door, owner, rename } = await scene();
    await using _ = door;
    const other = await door.paired("owner", "other");
    const [mine, theirs] = [await open(owner), await open(other)];
    await owner.delete(`/api/devices/${other.device_id}`);
    await rename("after");
    expect(await theirs.rest()).toEqual([]);
    expect([await nextName(mine), await nextName(mine)]).toEqual(["other", "after"]);
    await mine.leave();
  });

  test("leaves nothing behind when its reader goes: no timer, no listener, and the connection's own timeout again", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    await owner.get("/api/devices"); // so that "last seen" has its timer already
    const timers = door.clock.timers;
    for (let i = 0; i < 3; i += 1) {
      const request = owner.make("GET", "/api/stream");
      const response = await door.handle(request);
      expect([door.clock.timers, door.timeouts.get(request)]).toEqual([timers + 1, 0]);
      await response?.body?.cancel();
      await quiet();
      expect([door.clock.timers, door.timeouts.get(request)]).toEqual([timers, 30]);
    }
  });
});
