import { expect, test } from "bun:test";
import { isEcho } from "../../../src/agent/desk/echo.ts";

const run = (input: string, model: string | null = "operator", event_id: string | null = null) => ({
  input,
  model,
  event_id,
});

test.each([
  ["a command", true, run("/search deploy")],
  ["the same question", true, run("what about the deploy?")],
  ["the same question in another form", true, run("deploys")],
  ["a question whose answer alone has the word", true, run("what is in the safe")],
  ["an event's turn", true, run("the deploy of acme failed", "operator", "e")],
  ["what a person told", false, run("the deploy key is in the safe")],
  ["what another agent answered", false, run("/deploy", "gpt")],
  ["a run that is not there any more", false, null],
])("isEcho() of %s is %p", (_what, expected, found) => {
  expect(isEcho(found, "deploy")).toBe(expected);
});
