import fc from "fast-check";
import type { Segment } from "../../src/config/toml-map.ts";

export interface KnownKey {
  readonly path: readonly Segment[];
  /** From 1: the line that the key is written on. */
  readonly line: number;
}

export interface TomlDocument {
  readonly text: string;
  /** Every key and every header, in the order of the text. */
  readonly keys: readonly KnownKey[];
}

/** How one thing is written, with its keys: paths inside it and lines counted from its first one. */
interface Piece {
  readonly text: string;
  readonly keys: readonly KnownKey[];
}

const SCALARS = [
  "8585",
  "-3",
  "0xdead_beef",
  "1.5",
  "1e3",
  "true",
  "false",
  '""',
  '"plain"',
  '"a # no comment, no [table], no = sign"',
  String.raw`"quote \" backslash \\ line \n \u00e9"`,
  "''",
  String.raw`'literal \ "quoted" # no comment'`,
  '"""one line"""',
  '"""\nfirst\nport = 1 # still text\n[gateway]\nlast"""',
  '"""ends with two quotes"""""',
  String.raw`"""a \""" inside"""`,
  "'''\n[not.a.table]\nit''s\n'''",
  "1979-05-27",
  "1979-05-27T07:32:00Z",
  "1979-05-27 07:32:00",
  "07:32:00",
];

const COMMENTS = ["", "   ", "# plain", '# port = 1 "unbalanced', "# [gateway]", "#'''", '#"""'];

const scalar = fc.constantFrom(...SCALARS).map((text): Piece => ({ text, keys: [] }));

const list = fc
  .tuple(
    fc.array(fc.constantFrom(...SCALARS), { maxLength: 4 }),
    fc.constantFrom("line", "lines", "comments"),
    fc.boolean(),
  )
  .map(([items, style, trailing]): Piece => {
    const comma = trailing && items.length > 0 ? "," : "";
    if (style === "line") return { text: `[${items.join(", ")}${comma}]`, keys: [] };
    const note = style === "comments" ? " # ], [ and 'quotes'" : "";
    const lines = items.map((item, i) => `  ${item}${i < items.length - 1 ? "," : comma}${note}`);
    return { text: ["[", ...(style === "comments" ? ["  # first"] : []), ...lines, "]"].join("\n"), keys: [] };
  });

const inlineTable = fc.array(scalar, { maxLength: 3 }).map((values): Piece => {
  let text = "{";
  const keys: KnownKey[] = [];
  for (const [i, value] of values.entries()) {
    text += i === 0 ? " " : ", ";
    const name = `in${i}`;
    keys.push({ path: [name, "x"], line: text.split("\n").length });
    text += `${name}.x = ${value.text}`;
  }
  return { text: values.length === 0 ? "{}" : `${text} }`, keys };
});

const value = fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 2, arbitrary: list }, inlineTable);

/** A key and how it is written; `n` keeps the keys of a table apart. */
const KEY_STYLES: readonly ((n: number) => { readonly written: string; readonly path: readonly string[] })[] = [
  (n) => ({ written: `k${n}`, path: [`k${n}`] }),
  (n) => ({ written: `d${n}.a-b`, path: [`d${n}`, "a-b"] }),
  (n) => ({ written: `e${n} . "x.y" . 'z'`, path: [`e${n}`, "x.y", "z"] }),
  (n) => ({ written: `"q ${n} = #"`, path: [`q ${n} = #`] }),
  (n) => ({ written: `"\\u0041${n}"`, path: [`A${n}`] }),
  (n) => ({ written: `'l"${n}'`, path: [`l"${n}`] }),
];

const entry = fc.record({
  style: fc.constantFrom(...KEY_STYLES),
  value,
  before: fc.array(fc.constantFrom(...COMMENTS), { maxLength: 2 }),
  indent: fc.constantFrom("", "  ", "\t"),
  after: fc.constantFrom("", "  # behind", ' #\' """ ['),
});

const section = fc.record({
  header: fc.constantFrom("table", "subtable", "list", "sublist"),
  entries: fc.array(entry, { maxLength: 4 }),
  blank: fc.boolean(),
});

/** Documents with all that may confuse whoever looks for a line: text that looks like TOML, dots, quotes, lists of tables. */
export const tomlDocument: fc.Arbitrary<TomlDocument> = fc
  .record({
    root: fc.array(entry, { maxLength: 3 }),
    sections: fc.array(section, { maxLength: 5 }),
    crlf: fc.boolean(),
    bom: fc.boolean(),
    lastNewline: fc.boolean(),
  })
  .map(({ root, sections, crlf, bom, lastNewline }) => {
    const writer = new Writer();
    for (const [i, each] of root.entries()) writer.entry([], each, i);
    for (const [i, each] of sections.entries()) {
      const path = writer.header(each.header, i, each.blank);
      for (const [j, inner] of each.entries.entries()) writer.entry(path, inner, j);
    }
    const lines = lastNewline ? writer.text : writer.text.replace(/\n$/, "");
    const text = crlf ? lines.replaceAll("\n", "\r\n") : lines;
    return { text: bom ? `\ufeff${text}` : text, keys: writer.keys };
  });

class Writer {
  text = "";
  readonly keys: KnownKey[] = [];
  #tablesInList = 0;

  /** Every table has a name of its own, but all `[[list]]` are one list. */
  header(kind: "table" | "subtable" | "list" | "sublist", n: number, blank: boolean): readonly Segment[] {
    if (blank) this.text += "\n";
    const inList = kind === "list" || (kind === "sublist" && this.#tablesInList > 0);
    if (kind === "list") this.#tablesInList += 1;
    const last = this.#tablesInList - 1;
    const [written, path]: [string, readonly Segment[]] = inList
      ? kind === "list"
        ? ["[[list]]", ["list", last]]
        : [`[list.sub${n}]`, ["list", last, `sub${n}`]]
      : kind === "table"
        ? [`[t${n}]`, [`t${n}`]]
        : [`[ t${n} . "in ner" ]`, [`t${n}`, "in ner"]];
    this.keys.push({ path, line: this.#line() });
    this.text += `${written}\n`;
    return path;
  }

  entry(table: readonly Segment[], given: typeof entry extends fc.Arbitrary<infer E> ? E : never, n: number): void {
    for (const comment of given.before) this.text += `${comment}\n`;
    const { written, path } = given.style(n);
    const line = this.#line();
    const whole = [...table, ...path];
    this.keys.push({ path: whole, line });
    for (const inner of given.value.keys)
      this.keys.push({ path: [...whole, ...inner.path], line: line + inner.line - 1 });
    this.text += `${given.indent}${written} = ${given.value.text}${given.after}\n`;
  }

  #line(): number {
    return this.text.split("\n").length;
  }
}
