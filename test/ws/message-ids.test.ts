import { expect, test } from "bun:test";
import type { Terminal } from "../../src/runs/runs.ts";
import { MessageIds } from "../../src/ws/message-ids.ts";
import { quiet } from "../support/agent.ts";

function run(run_id: string) {
  let end!: () => void;
  const ended = new Promise<Terminal>((resolve) => {
    end = () => resolve({ type: "error", code: "cancelled", detail: "", run_id });
  });
  return { handle: { run_id, message_id: "m", session_id: "s", after: 0, ended }, end };
}

test("MessageIds knows a message's run until that has ended, each device's for itself", async () => {
  const ids = new MessageIds();
  const one = run("r1");
  ids.add("phone", "1", one.handle);
  expect([ids.runOf("phone", "1"), ids.runOf("tablet", "1"), ids.runOf("phone", "2")]).toEqual([
    "r1",
    undefined,
    undefined,
  ]);
  one.end();
  await quiet();
  expect([ids.runOf("phone", "1"), ids.size]).toEqual([undefined, 0]);
});

test("MessageIds keeps an id that is used again for the later run, whichever ends first", async () => {
  const ids = new MessageIds();
  const [one, two] = [run("r1"), run("r2")];
  ids.add("phone", "1", one.handle);
  ids.add("phone", "1", two.handle);
  one.end();
  await quiet();
  expect(ids.runOf("phone", "1")).toBe("r2");
  two.end();
  await quiet();
  expect(ids.size).toBe(0);
});
