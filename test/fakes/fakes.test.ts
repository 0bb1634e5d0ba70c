import { describe, expect, test } from "bun:test";
import { FakeProcess } from "./fake-process.ts";
import { Faults } from "./faults.ts";

const AUTHORIZATION = { Authorization: "Bearer t" };

function whatsapp(answers: string): RequestInit {
  const text = { body: "Hello" };
  const body = { messaging_product: "whatsapp", to: "15550001", type: "text", text, context: { message_id: answers } };
  return { method: "POST", headers: AUTHORIZATION, body: JSON.stringify(body) };
}

function comment(event_id: string): RequestInit {
  return { method: "POST", headers: AUTHORIZATION, body: JSON.stringify({ body: `Hi <!-- zeroclaw:${event_id} -->` }) };
}

describe("the fake Graph API", () => {
  test("counts what it accepted by the message that is answered, and does each fault it is ordered to", async () => {
    await using graph = await FakeProcess.start("graph", { hangMs: 20 });
    const send = (id: string) => fetch(`${graph.url}/v24.0/106540352242922/messages`, whatsapp(id));
    expect((await send("wamid.1")).status).toBe(200);
    await graph.order("error", "throttle", "cut-before", "cut-after", "hang");
    expect((await send("wamid.2")).status).toBe(500);
    const throttled = await send("wamid.2");
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await throttled.json()).toMatchObject({ error: { code: 130429 } });
    await expect(send("wamid.3")).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(send("wamid.4")).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(send("wamid.5")).rejects.toMatchObject({ code: "ECONNRESET" });
    const { sent, made, faults } = await graph.counts();
    expect(sent).toEqual({ "wamid.1": ["Hello"], "wamid.4": ["Hello"] });
    expect(made).toBe(2);
    expect(faults).toEqual({ error: 1, throttle: 1, "cut-before": 1, "cut-after": 1, hang: 1 });
  });

  test("refuses what Meta would: no token, no text message", async () => {
    await using graph = await FakeProcess.start("graph");
    const url = `${graph.url}/106540352242922/messages`;
    expect((await fetch(url, { ...whatsapp("w"), headers: {} })).status).toBe(401);
    expect((await fetch(url, { ...whatsapp("w"), body: "{" })).status).toBe(400);
    expect(await graph.counts()).toMatchObject({ made: 0, refused: 2 });
  });
});

describe("the fake GitHub", () => {
  test("keeps comments, pages them oldest first, and counts them by marker", async () => {
    await using github = await FakeProcess.start("github");
    const url = `${github.url}/repos/octo/hello/issues/7/comments`;
    for (const id of ["a", "b", "b"]) expect((await fetch(url, comment(id))).status).toBe(201);
    const first = await fetch(`${url}?per_page=2`, { headers: AUTHORIZATION });
    expect(await first.json()).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect(first.headers.get("link")).toContain('rel="next"');
    const latest = `${github.url}/repos/octo/hello/issues/comments?direction=desc&per_page=1`;
    expect(await (await fetch(latest, { headers: AUTHORIZATION })).json()).toMatchObject([{ id: 3 }]);
    expect((await github.counts()).sent).toEqual({ a: 1, b: 2 });
  });
});

describe("a fault plan", () => {
  test("fails the same items the same way for the same seed, in any order, and only once each", () => {
    const keys = Array.from({ length: 400 }, (_, i) => `item-${i}`);
    const plan = { seed: 7, rates: { error: 0.1, "cut-after": 0.1 } } as const;
    const draw = (list: readonly string[], faults: Faults) => new Map(list.map((key) => [key, faults.next(key)]));
    const faults = new Faults(plan);
    const there = draw(keys, faults);
    const back = draw(keys.toReversed(), new Faults(plan));
    expect(keys.map((key) => back.get(key))).toEqual(keys.map((key) => there.get(key) ?? null));
    const failing = [...there.values()].filter((fault) => fault !== null).length;
    expect(failing).toBeGreaterThan(40);
    expect(failing).toBeLessThan(140);
    expect([...draw(keys, faults).values()].every((fault) => fault === null)).toBe(true);
  });
});
