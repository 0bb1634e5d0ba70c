import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SearchLimits, Store } from "../../src/store/store.ts";
import { answer, bytes, NOW, sampleEvent, sampleRun, type Use } from "./store-samples.ts";

export function searchSuite(use: Use): void {
  describe("search.find", () => {
    test(
      "finds questions, answers, events and notes, with the words marked",
      use(async ({ store }) => {
        const run = sampleRun({ input: "Where is the lighthouse?" });
        await answer(store, run, { response: "The LIGHTHOUSE stands on the cape." });
        const event = await endedEvent(store, "lighthouse keeper");
        await store.notes.add({ note_id: "n1", device_id: null, text: "paint the lighthouse", created_at: NOW });
        const hits = await store.search.find("lighthouse", {}, 10);
        expect(hits.map(({ kind, ref }) => `${kind} ${ref}`).sort()).toEqual(
          [`event ${event}`, `message ${run.run_id}`, "note n1"].sort(),
        );
        for (const { snippet } of hits) expect(snippet.toLowerCase()).toContain("\u0002lighthouse\u0003");
        expect(hits.find(({ kind }) => kind === "message")).toMatchObject({ session_id: "chat", at: NOW });
        expect(hits.find(({ kind }) => kind === "note")?.session_id).toBeNull();
        expect(await store.search.find("lighthouse", {}, 2)).toHaveLength(2);
      }),
    );

    test(
      "wants every word, in any form and order, without accents",
      use(async ({ store }) => {
        await answer(store, sampleRun({ input: "The crêpes were running out" }));
        const hits = async (words: string) => (await store.search.find(words, {}, 10)).length;
        expect(await hits("OUT crepes")).toBe(1);
        expect(await hits("run crêpe")).toBe(1);
        expect(await hits("crepes waffles")).toBe(0);
        expect(await hits("crepes - ?!")).toBe(1); // punctuation is no word
        expect(await hits("")).toBe(0);
        expect(await hits(" \n ")).toBe(0);
      }),
    );

    test(
      "puts the best match first",
      use(async ({ store }) => {
        const close = sampleRun({ input: "harbour harbour harbour" });
        await answer(store, close, { response: "harbour" });
        await answer(store, sampleRun({ input: `harbour ${"and other words ".repeat(30)}` }));
        expect((await store.search.find("harbour", {}, 1)).map(({ ref }) => ref)).toEqual([close.run_id]);
      }),
    );

    test(
      "puts the best match first among entries of different kinds",
      use(async ({ store }) => {
        for (let i = 0; i < 5; i += 1) {
          await answer(store, sampleRun({ session_id: `s${i}`, input: "filler" }));
          await store.notes.add({ note_id: `filler ${i}`, device_id: null, text: "filler", created_at: NOW });
        }
        await answer(store, sampleRun({ input: `harbour ${"and other words ".repeat(30)}`, created_at: NOW + 1 }));
        await store.notes.add({ note_id: "close", device_id: null, text: "harbour harbour", created_at: NOW });
        expect((await store.search.find("harbour", {}, 5)).map(({ kind }) => kind)).toEqual(["note", "message"]);
      }),
    );

    test.each<[SearchLimits, readonly string[]]>([
      [{ device_id: "device-a" }, ["event a", "message a", "note a"]],
      [{ device_id: "device-b" }, ["event b", "message b", "note b"]],
      [{ device_id: "none" }, []],
      [{ session_id: "session-a" }, ["event a", "message a"]],
      [{ kind: "note" }, ["note a", "note b", "note nobody"]],
      [{ kind: "event", device_id: "device-b" }, ["event b"]],
      [{ session_id: "session-a", device_id: "device-b" }, []],
      [{ session_id: "session-a", kind: "note" }, []],
      [
        {},
        [
          "event a",
          "event b",
          "event nobody",
          "message a",
          "message b",
          "message nobody",
          "note a",
          "note b",
          "note nobody",
        ],
      ],
    ])("shows with %j nothing that is outside", async (limits, expected) => {
      await use(async ({ store }) => {
        const names = new Map<string, string>();
        for (const owner of ["a", "b", null]) {
          const device_id = owner && `device-${owner}`;
          const session_id = `session-${owner ?? "nobody"}`;
          const run = sampleRun({ session_id, device_id, input: "treasure" });
          await answer(store, run);
          names.set(run.run_id, owner ?? "nobody");
          names.set(await endedEvent(store, "treasure", { session_id, device_id }), owner ?? "nobody");
          const note_id = `note-${owner}`;
          await store.notes.add({ note_id, device_id, text: "treasure", created_at: NOW });
          names.set(note_id, owner ?? "nobody");
        }
        const hits = await store.search.find("treasure", limits, 50);
        expect(hits.map(({ kind, ref }) => `${kind} ${names.get(ref)}`).sort()).toEqual([...expected]);
      })();
    });

    test.each([
      'treasure"',
      "treasure*",
      "tre*",
      "treasure OR nothing",
      "treasure NOT gold",
      "NEAR(treasure gold)",
      "text:treasure",
      "^treasure",
      "{text}: treasure",
      "treasure) OR (1",
      "treasure\u0000gold",
    ])("interprets nothing in %j", async (words) => {
      await use(async ({ store }) => {
        await answer(store, sampleRun({ input: "a treasure of gold near the text" }), { response: null });
        // As words: what is not in the text does not match, and no operator makes it.
        const plain = words.toLowerCase().match(/[a-z0-9]+/g) ?? [];
        const text = ["a", "treasure", "of", "gold", "near", "the", "text"];
        const expected = plain.every((word) => text.includes(word)) ? 1 : 0;
        const phrases = words === "NEAR(treasure gold)" || words === "text:treasure"; // joined by punctuation: a phrase
        expect(await store.search.find(words, {}, 10)).toHaveLength(phrases ? 0 : expected);
      })();
    });

    test(
      "takes any string without an error",
      use(async ({ store }) => {
        await answer(store, sampleRun({ input: "a b c" }));
        const text = fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({
            unit: fc.constantFrom('"', "'", "*", "(", ")", "^", ":", "-", "+", " ", "a", "\u0000", "\ud800"),
          }),
        );
        await fc.assert(
          fc.asyncProperty(text, async (words) => {
            expect(Array.isArray(await store.search.find(words, {}, 5))).toBe(true);
            expect(Array.isArray((await store.events.list({ q: words, limit: 5 })).items)).toBe(true);
          }),
          { numRuns: 200 },
        );
      }),
    );

    test(
      "finds any text it stored by any of its words",
      use(async ({ store }) => {
        let n = 0;
        const word = fc.stringMatching(/^[a-z]{3,9}$/);
        await fc.assert(
          fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 8 }), async (words) => {
            n += 1;
            const run = sampleRun({ session_id: `s${n}`, input: words.join(", ") });
            await answer(store, run, { response: null });
            const hits = await store.search.find(words.join(" "), { session_id: `s${n}` }, 5);
            expect(hits.map(({ ref }) => ref)).toEqual([run.run_id]);
          }),
          { numRuns: 30 },
        );
      }),
    );

    test(
      "takes a hundred thousand words",
      use(async ({ store }) => {
        expect(await store.search.find("word ".repeat(100_000), {}, 5)).toEqual([]);
        const words = Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(" ");
        expect(await store.search.find(words, {}, 5)).toEqual([]);
      }),
    );

    test(
      "marks only what it found, whatever marks a text brings",
      use(async ({ store }) => {
        await answer(store, sampleRun({ input: "\u0002fake\u0003 and real" }), { response: null });
        const [hit] = await store.search.find("real", {}, 1);
        expect(hit?.snippet.match(/\u0002[^\u0003]*\u0003/g)).toEqual(["\u0002real\u0003"]);
      }),
    );

    test(
      "reads the first 16 KB of a body that is text, and none that is not",
      use(async ({ store }) => {
        // 16,384 bytes end in the middle of an é.
        const cut = new Uint8Array([...bytes("early "), ...bytes("é".repeat(9_000)), ...bytes(" late")]);
        const event = await endedEvent(store, cut.slice(1), { session_id: "cut" });
        await endedEvent(store, new Uint8Array([0xff, 0xfe, ...bytes(" early")]), { session_id: "binary" });
        expect((await store.search.find("arly", {}, 5)).map(({ ref }) => ref)).toEqual([event]);
        expect(await store.search.find("late", {}, 5)).toEqual([]);
        expect(await store.search.find("early", {}, 5)).toEqual([]);
      }),
    );
  });
}

/** Stores an event that was tried once and given up, so that it can be found. */
async function endedEvent(
  store: Store,
  body: string | Uint8Array,
  fields: { readonly session_id?: string; readonly device_id?: string | null } = {},
): Promise<string> {
  const event = sampleEvent({ ...fields, body: typeof body === "string" ? bytes(body) : body });
  await store.events.accept(event);
  const claimed = await store.events.claim(1, NOW);
  await store.events.fail(claimed[0]!.event_id, 1, { at: NOW, error: "x", next_at: null });
  return event.event_id;
}
