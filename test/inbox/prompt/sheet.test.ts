import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fence } from "../../../src/inbox/prompt/fence.ts";
import { Sheet } from "../../../src/inbox/prompt/sheet.ts";

const fence = new Fence("k3x9v2m7");
const short = (text: string) => text.replaceAll(fence.open, "«").replaceAll(fence.close, "»");

describe("Sheet", () => {
  test("shows text, numbers and booleans, and leaves out what is blank or anything else", () => {
    const sheet = new Sheet(fence, 1_000).say("Own words");
    for (const value of ["a\nb", 0, false, " ", null, undefined, {}, ["x"]]) sheet.fact("Fact", value);

    expect(short(sheet.toString())).toBe("Own words\nFact: «a b»\nFact: «0»\nFact: «false»");
  });

  test("keeps the lines of a text and cuts it", () => {
    const sheet = new Sheet(fence, 1_000).text("Text", " one\r\ntwo ", 100).text("Cut", "x".repeat(50), 10);

    expect(short(sheet.toString())).toBe(`Text:\n«\none\ntwo\n»\nCut:\n«${"x".repeat(9)}…»`);
  });

  test("counts the items of a list that it does not show", () => {
    const sheet = new Sheet(fence, 1_000)
      .list("Items", ["a", "b\nc", "d"], 2)
      .list("None", [], 2)
      .list("Blank", [" "], 2);

    expect(short(sheet.toString())).toBe("Items (the first 2 of 3):\n«\n- a\n- b c\n»");
  });

  test("is never longer than it may be, and says when something was left out", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 200 }), { maxLength: 20 }), (values) => {
        const sheet = new Sheet(fence, 600);
        for (const value of values) sheet.text("Text", `x${value}`, 100);
        const text = sheet.toString();
        const shown = text.split(fence.open).length - 1;

        expect(text.length).toBeLessThanOrEqual(600);
        expect(text.endsWith("(There was more; it did not fit.)")).toBe(shown < values.length);
      }),
    );
  });
});
