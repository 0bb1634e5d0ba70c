import { expect, test } from "bun:test";
import { nearest } from "../../../src/agent/operator/nearest.ts";

const NAMES = ["help", "status", "events", "event", "remind", "reminders"];

test.each([
  ["hlep", "help"],
  ["statsu", "status"],
  ["evnts", "events"],
  ["evnt", "event"],
  ["rem", "remind"],
  ["xyz", null],
  ["", null],
  ["h", null],
])("nearest(%p) is %p", (word, expected) => {
  expect(nearest(word, NAMES)).toBe(expected);
});
