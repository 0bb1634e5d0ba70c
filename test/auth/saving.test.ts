import { describe, expect, test } from "bun:test";
import { inFile, inStore } from "../../src/auth/saving.ts";
import { Problem } from "../../src/protocol/problem.ts";

const fails = async () => {
  throw new Error("No space left");
};

describe("inFile and inStore", () => {
  test("pass on what the task gives", async () => {
    expect([await inFile("", async () => 1), await inStore("", async () => 2)]).toEqual([1, 2]);
  });

  test("turn any failure into the problem of their place, with the detail for people and the cause for the log", async () => {
    for (const [save, code] of [
      [inFile, "config_read_only"],
      [inStore, "store_unavailable"],
    ] as const) {
      const problem = await save("Nothing was saved.", fails).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(Problem);
      expect(problem).toMatchObject({ code, message: "Nothing was saved.", cause: new Error("No space left") });
    }
  });
});
