import { describe, expect, test } from "bun:test";
import { MAX_BEHIND, Outbox, PACE_BYTES } from "../../src/ws/outbox.ts";
import { quiet } from "../support/agent.ts";
import { FakeSocket } from "../support/socket.ts";

const KILOBYTE = "x".repeat(1024);

function open() {
  const socket = new FakeSocket();
  socket.stalled = true;
  let slow = 0;
  const outbox = new Outbox(socket, () => {
    slow += 1;
    outbox.close();
  });
  return { socket, outbox, slow: () => slow };
}

describe("Outbox", () => {
  test("queues up to 1 MiB for a reader that takes nothing, and lets it go at the next frame", () => {
    const { socket, outbox, slow } = open();
    for (let sent = 0; sent <= MAX_BEHIND; sent += 1024) outbox.send(KILOBYTE);
    expect([slow(), socket.bufferedAmount()]).toEqual([0, MAX_BEHIND + 1024]);
    outbox.send("one more");
    expect([slow(), socket.texts.includes("one more")]).toEqual([1, false]);
    outbox.send("after the end");
    expect(slow()).toBe(1);
  });

  test("takes a frame of any size from a reader that is not behind", () => {
    const { outbox, slow } = open();
    outbox.send("x".repeat(8 * MAX_BEHIND));
    expect(slow()).toBe(0);
    outbox.send("x");
    expect(slow()).toBe(1);
  });

  test("takes a dropped frame as the end, since nothing may be lost in silence", () => {
    const { socket, outbox, slow } = open();
    socket.dropping = true;
    outbox.send("x");
    expect(slow()).toBe(1);
  });

  test("does not count what paced writers sent against the reader, until that is taken", () => {
    const { socket, outbox, slow } = open();
    outbox.sendPaced("x".repeat(3 * MAX_BEHIND));
    outbox.send("news");
    expect(slow()).toBe(0);
    socket.take();
    outbox.drained();
    outbox.send("x".repeat(MAX_BEHIND + 1));
    outbox.send("news");
    expect(slow()).toBe(1);
  });

  test("keeps a paced writer waiting while more than 64 KiB are, through drains that are too small", async () => {
    const { socket, outbox } = open();
    outbox.sendPaced("x".repeat(PACE_BYTES + 100));
    let room = false;
    void outbox.room(new AbortController().signal).then(() => {
      room = true;
    });
    socket.take(50);
    outbox.drained();
    await quiet();
    expect([room, outbox.waiting]).toEqual([false, 1]);
    socket.take(50);
    outbox.drained();
    await quiet();
    expect([room, outbox.waiting]).toEqual([true, 0]);
  });

  test("lets a waiting writer go when it gives up, or when the socket closes", async () => {
    for (const end of ["abort", "close"] as const) {
      const { outbox } = open();
      outbox.sendPaced("x".repeat(2 * PACE_BYTES));
      const abort = new AbortController();
      const room = outbox.room(abort.signal);
      if (end === "abort") abort.abort();
      else outbox.close();
      await room;
      expect(outbox.waiting).toBe(0);
    }
  });
});
