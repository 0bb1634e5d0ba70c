import { expect, test } from "bun:test";
import { LineWriter } from "../../src/cli/line-writer.ts";
import type { Written } from "../../src/cli/write-fd.ts";

/** A writer whose reader does what `answers` says, then takes everything; tasks run when told. */
function scene(...answers: (Written | Error)[]) {
  const tasks: (() => void)[] = [];
  const writes: string[] = [];
  const waits: number[] = [];
  let taken = "";
  const writer = new LineWriter({
    write: (bytes) => {
      const answer = answers.shift() ?? bytes.length;
      writes.push(new TextDecoder().decode(bytes));
      if (answer instanceof Error) throw answer;
      if (typeof answer === "number") taken += new TextDecoder().decode(bytes.subarray(0, answer));
      return answer;
    },
    soon: (task) => tasks.push(task),
    later: (task, ms) => {
      waits.push(ms);
      tasks.push(task);
    },
    pause: (ms) => waits.push(ms),
  });
  const turn = () => {
    for (const task of tasks.splice(0)) task();
  };
  return { writer, turn, writes, waits, taken: () => taken };
}

test("LineWriter writes the lines of one turn with one write", () => {
  const { writer, turn, writes } = scene();
  writer.write("a\n");
  writer.write("b\n");
  expect(writes).toEqual([]);
  turn();
  writer.write("c\n");
  turn();
  turn();
  expect(writes).toEqual(["a\nb\n", "c\n"]);
});

test("LineWriter writes the rest of a partial write, bytes of one character included", () => {
  const { writer, turn, taken, writes } = scene(2);
  writer.write("é🚀\n");
  turn();
  expect(writes).toHaveLength(2);
  expect(taken()).toBe("é🚀\n");
});

test("LineWriter tries again later when the reader has no room, in order", () => {
  const { writer, turn, taken, waits } = scene(1, "full", "full");
  writer.write("ab\n");
  turn();
  writer.write("c\n");
  expect(taken()).toBe("a");
  turn();
  turn();
  expect(taken()).toBe("ab\nc\n");
  expect(waits).toHaveLength(2);
});

test("LineWriter forgets lines that nobody will read, and goes on", () => {
  const { writer, turn, taken } = scene("gone", new Error("ENOSPC"));
  for (const line of ["a\n", "b\n", "c\n"]) {
    writer.write(line);
    turn();
  }
  expect(taken()).toBe("c\n");
});

test("LineWriter holds a megabyte for a stalled reader and counts what it drops", () => {
  const { writer, turn, taken } = scene("full");
  writer.write(`${"x".repeat(1_000_000)}\n`);
  turn();
  writer.write(`${"y".repeat(100_000)}\n`);
  writer.write("z\n");
  turn();
  writer.write("after\n");
  turn();
  expect(taken().replace(/x+/, "x")).toBe("x\nz\n1 log lines were dropped here: nobody read stderr\nafter\n");
});

test("LineWriter.flush() writes at once, and waits a second at most", () => {
  const quick = scene("full");
  quick.writer.write("last words\n");
  quick.writer.flush();
  expect(quick.taken()).toBe("last words\n");

  const stalled = scene(...Array.from({ length: 100 }, () => "full" as const));
  stalled.writer.write("x\n");
  stalled.writer.flush();
  expect(stalled.waits.reduce((sum, ms) => sum + ms, 0)).toBe(1_000);
});
