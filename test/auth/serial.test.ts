import { describe, expect, test } from "bun:test";
import { Serial } from "../../src/auth/serial.ts";

describe("Serial", () => {
  test("begins a task only when the one before it has ended, in the order given", async () => {
    const serial = new Serial();
    const seen: string[] = [];
    const task = (name: string) => async () => {
      seen.push(`${name} begins`);
      for (let i = 0; i < 5; i += 1) await null;
      seen.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([serial.run(task("a")), serial.run(task("b")), serial.run(task("c"))])).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test("goes on after a task that failed, and only that one's caller hears of it", async () => {
    const serial = new Serial();
    const failed = serial.run(async () => {
      throw new Error("The disk is full");
    });
    const next = serial.run(async () => "fine");
    await expect(failed).rejects.toThrow("The disk is full");
    expect(await next).toBe("fine");
  });
});
