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
    for (const [save, code, message] of [
      [inFile, "config_read_only", "Nothing was saved. No space left"],
      [inStore, "store_unavailable", "Nothing was saved."],
    ] as const) {
      const problem = await save("Nothing was saved.", fails).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(Problem);
      expect(problem).toMatchObject({ code, message, cause: new Error("No space left") });
    }
  });

  test("say nothing more of a file that cannot be written, which the detail has said already", async () => {
    const readOnly = Object.assign(new Error("EROFS"), { name: "ConfigReadOnly" });
    const problem = await inFile("Nothing was saved.", () => Promise.reject(readOnly)).catch((error: unknown) => error);
    expect(problem).toMatchObject({ message: "Nothing was saved." });
  });
});
