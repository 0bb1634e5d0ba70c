import { expect, test } from "bun:test";
import { detect } from "../../../src/agent/detect/detect.ts";
import { bareMachine, FakeServer, models, pages } from "./support/machine.ts";

test("detect() finds nothing on a bare machine", async () => {
  expect(await detect(bareMachine())).toEqual({
    servers: [],
    locked: [],
    programs: [],
    keys: [],
    openai_base_url: false,
  });
});

test("detect() tells keys by their names and never their values", async () => {
  const env = { OPENAI_API_KEY: "sk-1", ANTHROPIC_API_KEY: "sk-2", GROQ_API_KEY: " ", OPENAI_BASE_URL: "http://k@x/" };
  const found = await detect(bareMachine({ env }));
  expect(found.keys).toEqual([
    { name: "OPENAI_API_KEY", provider: "openai" },
    { name: "ANTHROPIC_API_KEY", provider: "anthropic" },
  ]);
  expect(found.openai_base_url).toBe(true);
  expect(JSON.stringify(found)).not.toMatch(/sk-|k@x/);
});

test("detect() finds servers and programs at once", async () => {
  using server = new FakeServer(pages({ "/v1/models": models("qwen3") }));
  const which = (program: string) => (program === "goose" ? "/bin/goose" : null);
  const { servers, programs } = await detect(bareMachine({ servers: [server.place()], which }));
  expect([servers.length, programs.length]).toEqual([1, 1]);
});
