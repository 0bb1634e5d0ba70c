import { expect, test } from "bun:test";
import { Opening } from "../../src/gateway/opening.ts";

test("Opening holds everybody back until it is open, and nobody afterwards", async () => {
  const opening = new Opening();
  const passed: string[] = [];
  const waiting = ["one", "two"].map((name) => opening.wait?.then(() => passed.push(name)));
  await Promise.resolve();
  expect(passed).toEqual([]);
  opening.open();
  await Promise.all(waiting);
  expect(passed).toEqual(["one", "two"]);
  expect(opening.wait).toBeNull();
});
