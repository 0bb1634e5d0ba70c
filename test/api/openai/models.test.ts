import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { failureOf, Served } from "./served.ts";

const CREATED = Date.parse("2026-11-22T12:00:00Z") / 1_000;
const row = (id: string) => ({ id, object: "model" as const, created: CREATED, owned_by: "zeroclaw" });

describe("GET /v1/models", () => {
  test("lists the gateway's name and the kind of agent behind it", async () => {
    await using served = new Served();
    const { data } = await served.openai().models.list();
    expect(data).toEqual([row("zeroclaw"), row("zeroclaw:scripted")]);
  });

  test("follows the agent: with `auto` another one may answer tomorrow", async () => {
    await using served = new Served();
    Object.defineProperty(served.agent, "kind", { value: "acp" });
    const { data } = await served.openai().models.list();
    expect(data.map(({ id }) => id)).toEqual(["zeroclaw", "zeroclaw:acp"]);
    expect(await failureOf(served.openai().models.retrieve("zeroclaw:scripted"))).toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("GET /v1/models/{id}", () => {
  test.each(["zeroclaw", "zeroclaw:scripted", "scripted-1"])("knows %s", async (id) => {
    await using served = new Served();
    expect(await served.openai().models.retrieve(id)).toEqual(row(id));
  });

  test.each(["gpt-4o", "zeroclaw:model", "ZEROCLAW", "zeroclaw:", "__proto__", "\u202eevil"])(
    "does not know %j, and says what there is",
    async (id) => {
      await using served = new Served();
      const error = await failureOf(served.openai().models.retrieve(id));
      expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
      expect(String(error)).toContain('Use "zeroclaw" or "zeroclaw:scripted"');
      expect(String(error)).not.toContain("\u202e");
    },
  );
});

describe("the model of a request", () => {
  test.each([undefined, null, "", "zeroclaw", "zeroclaw:scripted", "scripted-1"])("may be %j", async (model) => {
    await using served = new Served();
    const messages = [{ role: "user", content: "Hello" }];
    expect((await served.post("/chat/completions", { model, messages })).status).toBe(200);
    expect((await served.post("/responses", { model, input: "Hello" })).status).toBe(200);
  });

  test.each(["gpt-4o", "zeroclaw:model"])("is refused as %j before the agent is asked", async (model) => {
    await using served = new Served();
    const messages = [{ role: "user", content: "Hello" }];
    expect((await served.post("/chat/completions", { model, messages })).status).toBe(404);
    expect((await served.post("/responses", { model, input: "Hello" })).status).toBe(404);
    expect(served.agent.turns).toEqual([]);
  });
});
