import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { code, fence, inline, marked } from "../../../src/agent/operator/untrusted.ts";
import { clean, cut } from "../../../src/lib/plain-text.ts";

const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "`",
      "*",
      "_",
      "[",
      "](x)",
      "<b>",
      "&#x202e;",
      "\\",
      "\u0002",
      "\u0003",
      "\n",
      " ",
      "a",
      "\u001b[31m",
      "\u202e",
      "|",
    ),
  }),
);

describe("inline()", () => {
  test.each([
    ["a *b* _c_ `d` ~~e~~", "a \\*b\\* \\_c\\_ \\`d\\` \\~\\~e\\~\\~"],
    ["![x](http://evil/p.png) [y](javascript:alert(1))", "!\\[x](http://evil/p.png) \\[y](javascript:alert(1))"],
    ["<script>alert(1)</script> <!-- x --> 1 < 2", "\\<script>alert(1)\\</script> \\<!-- x --> 1 < 2"],
    ["&lt;b&gt; &#x202e; R&D &", "\\&lt;b\\&gt; \\&#x202e; R\\&D &"],
    ["snake_case_name C:\\temp \\*", "snake_case_name C:\\temp \\\\\\*"],
    ["a\u001b[31mb\u202ec\u0000d\u200be", "a\\[31mbcde"],
    ["one\ntwo\r\nthree\tfour", "one two three four"],
    ["👩‍👩‍👧 می‌خواهم", "👩‍👩‍👧 می‌خواهم"],
  ])("%j is shown as itself", (text, expected) => {
    expect(inline(text, 200)).toBe(expected);
  });

  test("is one line without anything that cannot be seen, and no longer than it may be", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = inline(text, 50);
        expect(line).not.toMatch(UNSEEN);
        expect(line).not.toContain("\n");
        expect(line.replace(/\\/g, "").length).toBeLessThanOrEqual(50);
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toMatch(/(?<!\\)(?:\\\\)*[`*[]/);
      }),
    );
  });
});

describe("marked()", () => {
  test("shows the words that were found in bold and everything else as text", () => {
    expect(marked("the \u0002deploy\u0003 **failed** on \u0002main\u0003", 200)).toBe(
      "the **deploy** \\*\\*failed\\*\\* on **main**",
    );
    expect(marked("\u0002*\u0003\u0002 \u0003\u0002\u0003x", 200)).toBe("**\\***x");
  });

  test.each([
    ["\u0003a\u0002b", "ab"],
    ["\u0002a\u0002b\u0003c", "a**b**c"],
    ["\u0002a", "a"],
    ["\u0002a\u0003b\u0003", "**a**b"],
  ])("marks that do not pair in %j are dropped", (snippet, expected) => {
    expect(marked(snippet, 200)).toBe(expected);
  });

  test("a cut through a marked word drops its mark", () => {
    expect(marked("\u0002abcdef\u0003", 4)).toBe("ab…");
  });

  test("any snippet is one line with as many opening as closing marks", () => {
    fc.assert(
      fc.property(anyText, (snippet) => {
        const line = marked(snippet, 60);
        expect(line).not.toMatch(UNSEEN);
        expect(line).not.toContain("\n");
        expect(line.isWellFormed()).toBe(true);
        expect((line.replace(/\\./g, "").match(/\*\*/g) ?? []).length % 2).toBe(0);
      }),
    );
  });
});

describe("fence()", () => {
  const limits = { lines: 20, width: 40, whole: true };

  test("cannot be closed by what is in it", () => {
    expect(fence("a\n```\n# b\n`````", "", limits)).toBe("``````\na\n```\n# b\n`````\n``````");
  });

  test("shows the first lines and how many there are", () => {
    const text = Array.from({ length: 5_000 }, (_, i) => `line ${i}`).join("\n");
    const lines = fence(text, "", limits).split("\n");
    expect(lines).toHaveLength(23);
    expect(lines[20]).toBe("line 19");
    expect(lines[22]).toBe("These are the first 20 of 5000 lines.");
    expect(fence("a\nb", "", { ...limits, whole: false })).toBe("```\na\nb\n```\nThese are the first 2 lines.");
  });

  test("cuts long lines and takes out escapes", () => {
    const [, first, second] = fence(`${"x".repeat(100)}\n\u001b[2Ja\u202eb`, "", limits).split("\n");
    expect(first).toBe(`${"x".repeat(39)}…`);
    expect(second).toBe("[2Jab");
  });

  test("any text stays inside", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = fence(text, "", { ...limits, lines: 1_000 }).split("\n");
        const mark = lines[0] ?? "";
        expect(lines.at(-1)).toBe(mark);
        expect(lines.slice(1, -1).some((line) => line.includes(mark))).toBe(false);
      }),
    );
  });
});

test("code() is a span that the text cannot end", () => {
  expect(code("a`b``c\nd")).toBe("`a'b''c d`");
  expect(code("")).toBe("–");
  expect(code("\u202e")).toBe("–");
});

test("clean() keeps lines and tabs and makes every line end a line feed", () => {
  expect(clean("a\r\nb\rc\u2028d\te\u0007\ud800")).toBe("a\nb\nc\nd\te\ufffd");
});

test("cut() never leaves half a character", () => {
  expect(cut("ab😀cd", 4)).toBe("ab…");
  expect(cut("ab😀", 4)).toBe("ab😀");
});
