import { describe, expect, test } from "bun:test";
import type { ApiParts, TestResult } from "../../src/api/parts.ts";
import { listSources, testSource } from "../../src/api/sources.ts";
import type { Channel, ChannelOff } from "../../src/channels/channel.ts";
import { Desk } from "./asked.ts";

const EVENT_ID = "01a20320-a200-7000-8000-000000000001";
const CONFIGURED = [
  { name: "github", kind: "github", samples: ["ping", "push"], secretInPath: false },
  { name: "camera", kind: "path", samples: ["event"], secretInPath: true },
  { name: "shop", off: "channels.shop.secret is missing" },
];
// `as`: channels as far as these handlers look at them.
const channels = new Map(CONFIGURED.map((one) => [one.name, one])) as unknown as ReadonlyMap<
  string,
  Channel | ChannelOff
>;

async function scene(more: Partial<TestResult> = {}) {
  const desk = await Desk.open();
  const asked: [string, string | null][] = [];
  const tester: ApiParts["tester"] = async ({ name }, event) => {
    asked.push([name, event]);
    const url = `http://127.0.0.1:8585/webhook/${name}`;
    return { url, event: event ?? "ping", status: 202, answer: "{}", event_id: EVENT_ID, ...more };
  };
  const handler = testSource({ ...desk.parts, channels, tester });
  const ask = (source: string, body?: object | string) =>
    desk.ask(handler, { params: { source }, ...(body === undefined ? {} : { body }) });
  return { desk, asked, ask };
}

describe("POST /api/sources/{source}/test", () => {
  test("sends the first example, or the one that is named, and tells what was answered", async () => {
    const { desk, asked, ask } = await scene();
    await using _ = desk;
    const { status, json } = await ask("github");
    expect([status, json]).toEqual([
      200,
      {
        status: 202,
        ok: true,
        answer: "{}",
        event_id: EVENT_ID,
        url: "http://127.0.0.1:8585/webhook/github",
        event: "ping",
      },
    ]);
    await ask("github", {});
    await ask("github", { event: "push" });
    expect(asked).toEqual([
      ["github", null],
      ["github", null],
      ["github", "push"],
    ]);
    expect(JSON.parse(desk.lines.at(-1) ?? "")).toMatchObject({ source: "github", event: "push", by: "by Laptop" });
  });

  test.each([
    [200, true],
    [299, true],
    [301, false],
    [401, false],
    [503, false],
  ])("says of %d whether that is ok: %p", async (status, ok) => {
    const { desk, ask } = await scene({ status, event_id: null });
    await using _ = desk;
    const { json } = await ask("github");
    expect([json.status, json.ok, "event_id" in json]).toEqual([status, ok, false]);
  });

  test("shows no more than 2 KB of an answer, and no half of a character", async () => {
    const { desk, ask } = await scene({ answer: `${"x".repeat(2_047)}👋` });
    await using _ = desk;
    expect((await ask("github")).json.answer).toBe(`${"x".repeat(2_047)}\ufffd`);
  });

  test.each([
    ["gitlab", undefined, "not_found", 'There is no source "gitlab". There are github, camera, shop.'],
    ["__proto__", undefined, "not_found", "There is no source"],
    ["shop", undefined, "channel_off", 'The channel "shop" is off: channels.shop.secret is missing'],
    ["github", { event: "pusch" }, "bad_field", '"event" must be one of ping, push (found "pusch")'],
    ["github", { event: "" }, "bad_field", '"event" must be a string of 1 to 128 characters'],
    ["github", { evnt: "push" }, "bad_field", 'the key "evnt"'],
    ["github", "{", "bad_json", "JSON"],
  ])("refuses %p with %p, and sends nothing", async (source, body, code, detail) => {
    const { desk, asked, ask } = await scene();
    await using _ = desk;
    const refused = await ask(source, body).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code, message: expect.stringContaining(detail) });
    expect(asked).toEqual([]);
  });

  test("says how a source is made when there is none", async () => {
    const { desk } = await scene();
    await using _ = desk;
    const none = testSource({ ...desk.parts, channels: new Map(), tester: () => Promise.reject(new Error("asked")) });
    expect(desk.ask(none, { params: { source: "github" } })).rejects.toThrow("[channels.<name>] in config.toml");
  });
});

describe("GET /api/sources", () => {
  test("has every configured source: its address and examples, or why it is off; never a secret", async () => {
    await using desk = await Desk.open();
    const { json } = await desk.ask(listSources({ channels }));
    expect(json).toEqual({
      sources: [
        { source: "github", kind: "github", on: true, address: "/webhook/github", samples: ["ping", "push"] },
        { source: "camera", kind: "path", on: true, address: "/webhook/camera/{secret}", samples: ["event"] },
        { source: "shop", on: false, reason: "channels.shop.secret is missing", samples: [] },
      ],
    });
  });
});
