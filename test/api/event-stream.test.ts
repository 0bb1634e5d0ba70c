import { describe, expect, test } from "bun:test";
import type { Context } from "../../src/api/context.ts";
import { eventStream } from "../../src/api/event-stream.ts";
import type { SseEvent } from "../../src/http/sse.ts";
import { Log } from "../../src/observe/log.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

function scene(events: (signal: AbortSignal) => AsyncIterable<SseEvent>) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const held: (number | "let go")[] = [];
  const listeners = new Set<(device_id: string) => void>();
  const leaving = new AbortController();
  const devices = {
    onEnded: (listener: (device_id: string) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const context = {
    request_id: "request-1",
    path: "/api/stream",
    principal: { device_id: "mine", name: "mine", scope: "owner", local: false },
    hold: (seconds: number) => held.push(seconds),
    letGo: () => held.push("let go"),
  };
  const log = new Log({ clock, write: (text) => void lines.push(text), format: "json", level: "info" });
  const parts = { devices, clock, leaving: leaving.signal, log };
  // Of the context and the devices, these are what a stream looks at.
  const answer = eventStream(
    context as unknown as Context,
    parts as unknown as Parameters<typeof eventStream>[1],
    events,
  );
  const text = () => new Response(answer.body).text();
  return { clock, lines, held, listeners, leaving, text };
}

async function* endless(signal: AbortSignal): AsyncGenerator<SseEvent> {
  yield { data: "first" };
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

describe("eventStream", () => {
  test("ends when its own device is ended, not when another is, and leaves nothing behind", async () => {
    const { clock, held, listeners, text } = scene(endless);
    const reading = text();
    for (const listener of [...listeners]) listener("another");
    await quiet();
    expect([held, listeners.size]).toEqual([[0], 1]);
    for (const listener of [...listeners]) listener("mine");
    expect(await reading).toBe(": connected\n\ndata: first\n\n");
    expect([held, listeners.size, clock.timers]).toEqual([[0, "let go"], 0, 0]);
  });

  test("ends when the gateway leaves", async () => {
    const { leaving, listeners, text } = scene(endless);
    const reading = text();
    await quiet();
    leaving.abort();
    expect(await reading).toBe(": connected\n\ndata: first\n\n");
    expect(listeners.size).toBe(0);
  });

  test("that breaks in the middle ends for the client, and the log says why under the request's id", async () => {
    const { lines, held, text } = scene(async function* () {
      yield { data: "first" };
      throw new Error("the store is gone");
    });
    expect(await text()).toBe(": connected\n\ndata: first\n\n");
    expect(held).toEqual([0, "let go"]);
    expect(lines.join("")).toContain("the store is gone");
    expect(lines.join("")).toContain("request-1");
  });
});
