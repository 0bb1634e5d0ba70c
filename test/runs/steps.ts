import { expect } from "bun:test";
import type { RunFrame } from "../../src/protocol/frames.ts";
import type { RunHandle, RunRequest, Terminal } from "../../src/runs/runs.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { World } from "../support/socket.ts";

export function ask(text: string, session_id = "s"): RunRequest {
  return { session_id, device_id: "phone", origin: "websocket", reach: "chat", text };
}

export function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

/** The frame that has ended a run by now; undefined while it goes on. */
export async function endOf(handle: RunHandle): Promise<Terminal | undefined> {
  await quiet();
  return Promise.race([handle.ended, Promise.resolve(undefined)]);
}

/** Everything a session has said, as a reader from the beginning sees it. */
export async function said(world: World, session_id = "s"): Promise<RunFrame[]> {
  const stream = await world.streams.acquire(session_id);
  const abort = new AbortController();
  const frames: RunFrame[] = [];
  for await (const { frame } of stream.read(0, abort.signal, () => abort.abort())) frames.push(frame);
  world.streams.release(session_id);
  return frames;
}

export function nothingLeft(world: World): void {
  expect(world.runs.active).toBe(0);
  expect(world.permissions.pending()).toEqual([]);
  expect(world.clock.timers).toBe(2); // the hub's ping and the streams' sweep
}
