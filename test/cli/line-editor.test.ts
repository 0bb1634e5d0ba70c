import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineEditor } from "../../src/cli/line-editor.ts";
import { type Key, type KeyName, KeyParser } from "../../src/cli/line-editor-keys.ts";

const ESC = "\u001b";

/** Types what a terminal would send. Returns the editor and the lines that were entered. */
function typed(text: string, history: readonly string[] = []) {
  const editor = new LineEditor();
  editor.remember(history);
  const lines: string[] = [];
  for (const key of new KeyParser().push(text)) {
    const edited = editor.key(key);
    if (edited.kind === "line") lines.push(edited.line);
  }
  return { editor, lines };
}

/** The text with a bar where the cursor is. */
function shown(editor: LineEditor): string {
  const { characters, cursor } = editor;
  return `${characters.slice(0, cursor).join("")}|${characters.slice(cursor).join("")}`;
}

describe("LineEditor", () => {
  test.each([
    ["hello", "hello|"],
    [`hello${ESC}[D${ESC}[D!`, "hel!|lo"],
    [`hello${ESC}OD${ESC}OD${ESC}OC`, "hell|o"],
    [`hello${ESC}[H>`, ">|hello"],
    ["hello\u0001>\u0005<", ">hello<|"],
    ["hello\u007f\u007f", "hel|"],
    [`hello${ESC}[H${ESC}[3~`, "|ello"],
    ["hello\u0001\u0004", "|ello"],
    ["one two  \u0017", "one |"],
    [`one two${ESC}b${ESC}[1;5D`, "|one two"],
    [`one two\u0001${ESC}f`, "one| two"],
    ["one two\u0015", "|"],
    [`one two${ESC}b\u000b`, "one |"],
    ["a😀👨‍👩‍👧é\u007f\u007f", "a😀|"],
    [`e${ESC}[D${ESC}[C\u0301x\u007f\u007f`, "|"],
    [`a${ESC}\rb`, "a\nb|"],
    ["a\\\rb", "a\nb|"],
    [`ab${ESC}\rcd${ESC}[A`, "ab|\ncd"],
    [`abc${ESC}\rd${ESC}[A${ESC}[B`, "abc\nd|"],
    [`${ESC}[200~one\rtwo\r\nthree\n${ESC}[201~`, "one\ntwo\nthree|"],
    [`${ESC}[200~a${ESC}[31mb\u0003${ESC}[201~`, "a[31mb|"],
    [`a${ESC}[5~${ESC}[?1;2c${ESC}${ESC}[Db`, "b|a"],
    ["a\tb\u0007", "ab|"],
  ])("makes of %j %j", (keys, expected) => {
    expect(shown(typed(keys).editor)).toBe(expected);
  });

  test("enters a line with CR, LF or both, and begins the next one empty", () => {
    const { editor, lines } = typed("one\rtwo\nthree\r\n");
    expect([lines, shown(editor)]).toEqual([["one", "two", "three"], "|"]);
  });

  test("goes up and down through what was said before, and back to what was being typed", () => {
    const history = ["first", "second"];
    expect(shown(typed(`dra${ESC}[A`, history).editor)).toBe("second|");
    expect(shown(typed(`dra${ESC}[A${ESC}[A${ESC}[A`, history).editor)).toBe("first|");
    expect(shown(typed(`dra${ESC}[A${ESC}[A${ESC}[B${ESC}[B${ESC}[B`, history).editor)).toBe("dra|");
    expect(typed(`new\r${ESC}[A\r`, history).lines).toEqual(["new", "new"]);
  });

  test("leaves with Ctrl+D only when nothing is typed; Ctrl+C gives up what is", () => {
    const editor = new LineEditor();
    expect(editor.key({ kind: "end-of-input" })).toEqual({ kind: "leave" });
    expect(editor.key({ kind: "interrupt" })).toEqual({ kind: "interrupt" });
    editor.key({ kind: "text", text: "x" });
    expect(editor.key({ kind: "interrupt" })).toEqual({ kind: "changed" });
    expect(editor.text).toBe("");
  });

  test("keeps its cursor within the text, whatever is pressed", () => {
    const names: readonly KeyName[] = [
      ...([
        "enter",
        "newline",
        "interrupt",
        "end-of-input",
        "backspace",
        "delete",
        "delete-word",
        "home",
        "end",
      ] as const),
      ...(["delete-to-start", "delete-to-end", "left", "right", "word-left", "word-right", "up", "down"] as const),
    ];
    const key = fc.oneof(
      fc.constantFrom(...names).map((kind): Key => ({ kind })),
      fc.string({ unit: "grapheme", maxLength: 4 }).map((text): Key => ({ kind: "text", text })),
      fc.string({ maxLength: 6 }).map((text): Key => ({ kind: "paste", text })),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
        const editor = new LineEditor();
        editor.remember(["one", "two\nlines"]);
        for (const one of keys) {
          editor.key(one);
          expect(editor.cursor).toBeGreaterThanOrEqual(0);
          expect(editor.cursor).toBeLessThanOrEqual(editor.characters.length);
        }
      }),
    );
  });
});

describe("KeyParser", () => {
  test("reads the same keys in whatever pieces they come", () => {
    const part = fc.constantFrom("a", "é", "😀", "\r", "\n", "\u0003", "\u007f", ESC, "[A", "[3~", "[1;5C", "O", "D");
    const paste = fc.string({ maxLength: 8 }).map((text) => `${ESC}[200~${text}${ESC}[201~`);
    fc.assert(
      fc.property(fc.array(fc.oneof(part, paste), { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (parts, size) => {
        const text = parts.join("");
        const split = new KeyParser();
        const keys: Key[] = [];
        for (let at = 0; at < text.length; at += size) keys.push(...split.push(text.slice(at, at + size)));
        expect(joined(keys)).toEqual(joined(new KeyParser().push(text)));
      }),
      { numRuns: 500 },
    );
  });

  test("gives up on a sequence that no key sends, and bounds what is pasted", () => {
    expect(new KeyParser().push(`${ESC}[${"1".repeat(40)}x`).at(-1)).toMatchObject({ kind: "text" });
    const [pasted] = new KeyParser().push(`${ESC}[200~${"a".repeat(70_000)}${ESC}[201~`);
    expect(pasted).toEqual({ kind: "paste", text: "a".repeat(65_536) });
  });
});

/** Text that was typed in one go or in several is the same text; CR LF that was cut in two is two Enters, as two keys are. */
function joined(keys: readonly Key[]): readonly unknown[] {
  const out: unknown[] = [];
  for (const key of keys) {
    const last = out.at(-1);
    if (key.kind === "text" && typeof last === "string") out[out.length - 1] = last + key.text;
    else if (key.kind === "text") out.push(key.text);
    else if (key.kind !== "enter") out.push(key);
  }
  return out;
}
