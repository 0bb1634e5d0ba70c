import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EditorView, layOut } from "../../src/cli/line-editor-view.ts";
import { FakeScreen } from "./fake-screen.ts";

const PROMPT = "> ";

function drawing(text: string, cursor = Array.from(text).length) {
  return { prompt: PROMPT, characters: Array.from(text), cursor };
}

describe("layOut", () => {
  test.each([
    ["", 0, 20, ["> "], 0, 2],
    ["hello", 3, 20, ["> hello"], 0, 5],
    ["abcdefgh", 8, 6, ["> abcd", "efgh"], 1, 4],
    ["abcdefgh", 4, 6, ["> abcd", "efgh"], 1, 0],
    ["ab\ncd", 3, 20, ["> ab", "cd"], 1, 0],
    ["日本語", 3, 7, ["> 日本", "語"], 1, 2],
    ["a\tb", 2, 20, ["> a  b"], 0, 5],
  ])("breaks %j with the cursor at %i into rows of %i columns", (text, cursor, width, rows, row, column) => {
    expect(layOut(drawing(text, cursor), width)).toEqual({ rows, row, column });
  });
});

describe("EditorView", () => {
  test("draws over what it drew before, wherever the cursor was, and leaves what is above alone", () => {
    const texts = fc.array(
      fc.tuple(fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "日"), maxLength: 40 }), fc.nat()),
      {
        minLength: 1,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 9, max: 30 }), (all, columns) => {
        const screen = new FakeScreen(columns);
        screen.write("above\n");
        const view = new EditorView(
          (text) => screen.write(text),
          () => columns,
        );
        for (const [text, place] of all) {
          const next = drawing(text, place % (Array.from(text).length + 1));
          view.draw(next);
          const { rows, row, column } = layOut(next, columns - 1);
          const from = Math.max(0, Math.min(row - 6, rows.length - 8));
          expect(screen.lines().join("\n")).toBe(
            ["above", ...rows.slice(from, from + 8)]
              .map((line) => line.trimEnd())
              .join("\n")
              .trimEnd(),
          );
          expect(screen.cursor).toEqual({ row: 1 + row - from, column });
        }
        view.erase();
        expect([screen.lines(), screen.cursor]).toEqual([["above"], { row: 1, column: 0 }]);
      }),
      { numRuns: 300 },
    );
  });

  test("leaves the whole text on the screen when it is entered", () => {
    const screen = new FakeScreen(20);
    const view = new EditorView(
      (text) => screen.write(text),
      () => 20,
    );
    const long = drawing("x\n".repeat(11));
    view.draw(long);
    view.keep(long);
    expect(screen.lines()).toEqual(["> x", ...Array.from({ length: 10 }, () => "x")]);
    expect([screen.cursor.row, view.shown]).toEqual([12, false]);
  });
});
