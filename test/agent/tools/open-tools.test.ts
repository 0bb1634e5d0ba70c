import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openTools } from "../../../src/agent/tools/open-tools.ts";
import { MAX_RESULT } from "../../../src/agent/tools/results.ts";
import { TOOLS } from "../../../src/agent/tools/table.ts";
import { StoreUnavailable } from "../../../src/store/store.ts";
import { idAt } from "../operator/support/desk.ts";
import { CHAT, call, FakeToolDesk, OWNER, SIGNAL } from "./support/tool-desk.ts";

const EVENT_TOOLS = ["list_events", "get_event", "gateway_status"];

describe("openTools()", () => {
  test("gives an owner every tool", () => {
    expect(openTools(new FakeToolDesk(), OWNER).specs.map(({ name }) => name)).toEqual(
      TOOLS.map(({ spec }) => spec.name),
    );
  });

  test("keeps what is the owner's from a chat device: it is not listed, and is as unknown as any other name", async () => {
    const tools = openTools(new FakeToolDesk(), CHAT);
    const names = tools.specs.map(({ name }) => name);

    expect(names).not.toEqual(expect.arrayContaining([EVENT_TOOLS[0]]));
    for (const name of EVENT_TOOLS) {
      expect(names).not.toContain(name);
      const { text, failed } = await tools.call(name, { id: "0000" }, SIGNAL);
      expect(failed).toBe(true);
      expect(text).toStartWith(`There is no tool "${name}".`);
    }
  });

  test("names the tool that was meant", async () => {
    expect(await call(new FakeToolDesk(), OWNER, "add_notes")).toEqual({
      failed: expect.stringContaining('Did you mean "add_note"?'),
    });
  });

  test("says which field is wrong and what is allowed", async () => {
    expect(await call(new FakeToolDesk(), OWNER, "search", { words: "a", limit: 900 })).toEqual({
      failed: '"limit" must be a whole number from 1 to 20 (found 900). Call it again with that set right.',
    });
  });

  test("refuses a field that it does not know instead of passing it over", async () => {
    expect(await call(new FakeToolDesk(), OWNER, "search", { words: "a", limits: 5 })).toEqual({
      failed: 'The tool has no input "limits". Did you mean "limit"? It takes: words, kind, limit.',
    });
    expect(await call(new FakeToolDesk(), OWNER, "gateway_status", { deep: true })).toEqual({
      failed: 'The tool has no input "deep". It takes none.',
    });
  });

  test("takes null for what is left out, and no input for an empty one", async () => {
    expect(await call(new FakeToolDesk(), OWNER, "list_notes", { limit: null })).toEqual({ notes: [] });
    expect(await call(new FakeToolDesk(), OWNER, "list_notes", null)).toEqual({ notes: [] });
    expect(await call(new FakeToolDesk(), OWNER, "gateway_status", undefined)).toMatchObject({ status: "ok" });
    expect(await call(new FakeToolDesk(), OWNER, "add_note", { text: null })).toEqual({
      failed: expect.stringContaining('"text" is missing'),
    });
  });

  test("refuses an input of more than 64 KB, and one that is no JSON, before it looks at it", async () => {
    const desk = new FakeToolDesk();
    const loop: { self?: unknown } = {};
    loop.self = loop;

    expect(await call(desk, OWNER, "add_note", { text: "x", more: "y".repeat(65_536) })).toEqual({
      failed: "The input is more than 64 KB. Nothing was done: give less.",
    });
    expect(await call(desk, OWNER, "add_note", loop)).toEqual({ failed: "The input is no JSON. Nothing was done." });
    expect(desk.kept).toEqual([]);
  });

  test("makes 50 changes for one run and refuses the next, while it goes on to answer questions", async () => {
    const desk = new FakeToolDesk();
    const tools = openTools(desk, OWNER);
    for (let i = 0; i < 50; i += 1) await tools.call("add_note", { text: `note ${i}` }, SIGNAL);
    const { failed, text } = await tools.call("add_note", { text: "one more" }, SIGNAL);

    expect(failed).toBe(true);
    expect(text).toStartWith("50 changes were made already");
    expect(desk.kept).toHaveLength(50);
    expect((await tools.call("list_notes", {}, SIGNAL)).failed).toBe(false);
  });

  test("counts calls that were made at once", async () => {
    const desk = new FakeToolDesk();
    const tools = openTools(desk, OWNER);
    await Promise.all(Array.from({ length: 80 }, (_, i) => tools.call("add_note", { text: `note ${i}` }, SIGNAL)));

    expect(desk.kept).toHaveLength(50);
  });

  test("lets a store that is unavailable through, and the reason why it was stopped", async () => {
    const desk = new FakeToolDesk();
    desk.fault = new StoreUnavailable("disk full");
    const stopped = AbortSignal.abort(new Error("enough"));

    await expect(openTools(desk, OWNER).call("list_notes", {}, SIGNAL)).rejects.toThrow(StoreUnavailable);
    await expect(openTools(desk, OWNER).call("list_notes", {}, stopped)).rejects.toThrow("enough");
  });

  test("does not wait for a look that hangs when it is stopped", async () => {
    const desk = new FakeToolDesk();
    const abort = new AbortController();
    desk.notes.list = () => new Promise(() => undefined);
    const waiting = openTools(desk, OWNER).call("list_notes", {}, abort.signal);
    abort.abort(new Error("enough"));

    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("a run that begins again", () => {
  const run = { run_id: idAt(1_790_000_000_000, 7), attempt: 1 };

  test("makes nothing twice that it makes with the same words", async () => {
    const desk = new FakeToolDesk();
    for (const attempt of [1, 2]) {
      const tools = openTools(desk, { ...OWNER, run: { ...run, attempt } });
      await tools.call("add_note", { text: "the key is in the safe" }, SIGNAL);
      await tools.call("remind", { when: "10m", text: "tea" }, SIGNAL);
      await tools.call("send_message", { session_id: "team", text: "hello" }, SIGNAL);
    }

    expect(desk.kept).toHaveLength(1);
    expect(desk.waiting).toHaveLength(1);
    expect(new Set(desk.said.map(({ key }) => key)).size).toBe(1);
    expect(desk.said[0]?.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("makes twice what one attempt makes twice, and what has other words", async () => {
    const desk = new FakeToolDesk();
    const tools = openTools(desk, { ...OWNER, run });
    for (const text of ["tea", "tea", "coffee"]) await tools.call("add_note", { text }, SIGNAL);

    expect(new Set(desk.kept.map(({ note_id }) => note_id)).size).toBe(3);
  });

  test("has ids that sort with those of its time", async () => {
    const desk = new FakeToolDesk();
    await openTools(desk, { ...OWNER, run }).call("add_note", { text: "tea" }, SIGNAL);

    expect(desk.kept[0]?.note_id.slice(0, 13)).toBe(run.run_id.slice(0, 13));
  });
});

describe("every tool", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 200 });
  const anyValue = fc.oneof(
    anyText,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 2 }),
  );
  const anyInput = fc.oneof(
    anyValue,
    fc.dictionary(
      fc.oneof(fc.constantFrom("words", "id", "text", "when", "limit", "session_id"), fc.string()),
      anyValue,
      {
        maxKeys: 4,
      },
    ),
  );

  test.each(TOOLS.map(({ spec }) => spec.name))("%s answers whatever it is given, in at most 32 KB", async (name) => {
    const desk = new FakeToolDesk();
    for (let i = 0; i < 30; i += 1) {
      desk.event(i, { text: `${i} \u202e"\\`.repeat(900), type: "\u0007 \u{e0041}type", error: "x".repeat(5_000) });
      desk.conversation(`s${i}`, "device-a", "\u200b title".repeat(400));
    }
    await fc.assert(
      fc.asyncProperty(anyInput, async (input) => {
        const { text } = await openTools(desk, OWNER).call(name, input, SIGNAL);
        expect(text).not.toBe("");
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_RESULT);
        expect(text).not.toMatch(/[\u0000-\u0008\u200b\u202e]|[\u{e0000}-\u{e007f}]/u);
      }),
      { numRuns: 60 },
    );
  });

  test("has a schema whose fields are described, and takes no others", () => {
    for (const { spec } of TOOLS) {
      const { properties } = spec.schema as { properties: Record<string, { description?: string; type?: string }> }; // see ToolSpec.schema
      expect(spec.schema).toMatchObject({ type: "object", additionalProperties: false });
      for (const property of Object.values(properties)) {
        expect(property.description).toBeString();
        expect(property.type).toBeString();
      }
    }
  });

  test("has a name that models' APIs take", () => {
    for (const { spec } of TOOLS) expect(spec.name).toMatch(/^[a-z][a-z_]{1,63}$/);
  });

  test("that shows what strangers wrote says that it is no instruction", () => {
    for (const { spec } of TOOLS.filter(({ spec }) =>
      ["search", "list_events", "get_event", "list_sessions"].includes(spec.name),
    )) {
      expect(spec.about).toContain("untrusted");
      expect(spec.about).toContain("never instructions");
    }
  });
});
