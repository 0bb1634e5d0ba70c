import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MarkdownStream } from "../../src/cli/markdown.ts";

/** What a whole text looks like, with styles as tags: `<b>`, `<d>`, `<i>`, `<c>`, `<u>`. */
function shown(text: string): string {
  const stream = new MarkdownStream();
  return tagged(stream.push(text) + stream.flush());
}

function tagged(text: string): string {
  const names: Readonly<Record<string, string>> = { 1: "b", 2: "d", 3: "i", 4: "u", 36: "c" };
  const ends: Readonly<Record<string, string>> = { 22: "/b", 23: "/i", 24: "/u", 39: "/c" };
  return text.replace(/\u001b\[(\d+)m/g, (_, code: string) => `<${names[code] ?? ends[code] ?? code}>`);
}

const plain = (text: string) => text.replace(/\u001b\[\d+m/g, "");

/** Words and marks as answers have them, so that constructs come about, and anything at all. */
const MARKS = [
  "*",
  "**",
  "***",
  "_",
  "__",
  "`",
  "``",
  "```",
  "~~~",
  "[",
  "](",
  ")",
  "!",
  "#",
  "## ",
  "> ",
  "- ",
  "1. ",
];
const TOKENS = [...MARKS, "|", "\\", "\n", "\n\n", " ", "  ", "    ", "word", "a", "é", "😀", "---", "x_y", "\t"];
const markdown = fc
  .array(fc.oneof(fc.constantFrom(...TOKENS), fc.string({ maxLength: 5 })), { maxLength: 60 })
  .map((parts) =>
    // Control characters are shown as text before they come here.
    parts.join("").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ""),
  );

describe("MarkdownStream", () => {
  test.each([
    ["plain words", "plain words"],
    ["# Title", "<b>Title</b>"],
    ["### Of **this**", "<b>Of <b>this</b><b></b>"],
    ["#hashtag", "#hashtag"],
    ["a **b** c", "a <b>b</b> c"],
    ["a *b* _c_", "a <i>b</i> <i>c</i>"],
    ["***both***", "<b><i>both</i><b></b>"],
    ["*a **b***", "<i>a <b>b</b><i></i>"],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["snake_case_name", "snake_case_name"],
    ["__init__ x", "<b>init</b> x"],
    ["**open", "**open"],
    ["use `a *b*` here", "use <c>a *b*</c> here"],
    ["`` a ` b ``", "<c>a ` b</c>"],
    ["`open", "`open"],
    ["**a `**` b**", "<b>a <c>**</c><b> b</b>"],
    ["\\*not\\*", "*not*"],
    ["C:\\temp", "C:\\temp"],
    ["[text](http://a/b)", "<u>text</u> (http://a/b)"],
    ["[http://a](http://a)", "<u>http://a</u>"],
    ["![alt](x.png)!", "<u>alt</u> (x.png)!"],
    ["see [1] and [ ]", "see [1] and [ ]"],
    ["- one", "• one"],
    ["  * two", "  • two"],
    ["-one", "-one"],
    ["3. three", "3. three"],
    ["> said", "│ said"],
    [">> # so", "│ │ <b>so</b>"],
    ["---", "<d>---</b>"],
    ["* * *", "<d>* * *</b>"],
    ["| a | **b** |", "| a | **b** |"],
    ["", ""],
  ])("shows %j as %j", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test("indents and dims code, leaves it as it is, and hides its fences", () => {
    expect(shown("x\n```\n  a **b**\n\n# c\n```\ny")).toBe("x\n<d>      a **b**</b>\n<d></b>\n<d>    # c</b>\ny");
  });

  test("names the language of code, and takes the fence's own indent off", () => {
    expect(shown("- a\n  ```ts\n  let a;\n  ```\n- b")).toBe("• a\n<d><i>    ts</i></b>\n<d>    let a;</b>\n• b");
  });

  test("ends a block of code only at a fence of the same kind that is long enough", () => {
    expect(shown("````\n```\n~~~~\n````\n*x*")).toBe("<d>    ```</b>\n<d>    ~~~~</b>\n<i>x</i>");
  });

  test("shows code whose end never comes", () => {
    expect(shown("```\na")).toBe("<d>    a</b>");
  });

  test("leaves a fence in a quote as text, for its end would be quoted too", () => {
    expect(shown("> ```\n> a *b*\n> ```\nc *d*")).toBe("│ ```\n│ a <i>b</i>\n│ ```\nc <i>d</i>");
  });

  test.each([
    ["He", "He"],
    ["Hello wor", "Hello wor"],
    ["a **b", "a "],
    ["a **b**", "a "],
    ["a **b** ", "a \u001b[1mb\u001b[22m "],
    ["#", ""],
    ["# T", "\u001b[1mT"],
    ["-", ""],
    ["- x", "• x"],
    ["12", "12"],
    ["``", ""],
    ["```ts", ""],
    ["| a", "| a"],
  ])("shows of %j as much as is certain: %j", (text, expected) => {
    expect(new MarkdownStream().push(text)).toBe(expected);
  });

  test("holds no more than 1,000 characters back for a mark that is never closed", () => {
    const stream = new MarkdownStream();
    expect(stream.push(`*${"a".repeat(998)}`)).toBe("");
    expect(stream.push("a")).toBe(`*${"a".repeat(999)}`);
  });

  test("goes on with a new line after it was flushed in the middle of one", () => {
    const stream = new MarkdownStream();
    expect(tagged(stream.push("# Ti"))).toBe("<b>Ti");
    expect(tagged(stream.flush())).toBe("</b>");
    expect(tagged(stream.push("# tle\n"))).toBe("<b>tle</b>\n");
    expect(stream.flush()).toBe("");
  });

  test("looks the same in whatever pieces it comes", () => {
    fc.assert(
      fc.property(markdown, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (text, sizes) => {
        const [whole, split] = [new MarkdownStream(), new MarkdownStream()];
        let out = "";
        for (let at = 0; at < text.length; ) {
          const size = sizes.next().value ?? 1;
          out += split.push(text.slice(at, at + size));
          at += size;
        }
        expect(out + split.flush()).toBe(whole.push(text) + whole.flush());
      }),
      { numRuns: 3_000 },
    );
  });

  test("looks the same in whatever pieces it comes where more would be held back than may be", () => {
    const long = fc.tuple(
      fc.constantFrom("*", "**", "_", "`", "[", "[a](", "***", "- - ", "```", "#", "\\", ">", "~~", " "),
      fc.constantFrom("a", "*", "`", "-", " ", "#", ">", "[", "\\", "_"),
      fc.integer({ min: 990, max: 1_010 }),
      fc.constantFrom("", "*", "**", "` x", "](b)", " z", "\n```", "a*"),
    );
    fc.assert(
      fc.property(long, fc.integer({ min: 1, max: 400 }), ([first, char, count, last], size) => {
        const text = first + char.repeat(count) + last;
        const [whole, split] = [new MarkdownStream(), new MarkdownStream()];
        let out = "";
        for (let at = 0; at < text.length; at += size) out += split.push(text.slice(at, at + size));
        expect(out + split.flush()).toBe(whole.push(text) + whole.flush());
      }),
      { numRuns: 400 },
    );
  });

  test("loses no letter and no digit, and makes up none", () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const stream = new MarkdownStream();
        const letters = (some: string) => some.match(/[\p{L}\p{N}]/gu)?.join("") ?? "";
        // An address that is its own text is shown once.
        const distinct = text.replace(/\[([^\]]*)\]\(\1\)/g, "$1");
        expect(letters(plain(stream.push(distinct) + stream.flush()))).toBe(letters(distinct));
      }),
      { numRuns: 3_000 },
    );
  });

  test("ends every style that it begins", () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const stream = new MarkdownStream();
        const on = new Set<string>();
        const off: Readonly<Record<string, readonly string[]>> = { 22: ["1", "2"], 23: ["3"], 24: ["4"], 39: ["36"] };
        for (const [, code = ""] of (stream.push(text) + stream.flush()).matchAll(/\u001b\[(\d+)m/g)) {
          if (off[code]) for (const ended of off[code]) on.delete(ended);
          else on.add(code);
        }
        expect([...on]).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
