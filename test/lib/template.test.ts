import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compileTemplate, isTemplateError, renderTemplate, type Scope } from "../../src/lib/template.ts";
import { MAX_PLACEHOLDERS, MAX_TEMPLATE } from "../../src/lib/template-parse.ts";

const FRAME = { overhead: 2, wrap: (text: string) => `<${text}>` };

function scope(body: unknown): Scope {
  const variables = {
    type: () => "issues.opened",
    source: () => "github",
    event_id: () => "e1",
    received_at: () => "now",
    summary: () => "in short",
    body: () => "raw",
    headers: () => ({ "x-github-event": "issues" }),
  };
  return { body, variables };
}

function render(template: string, body: unknown = {}, max = 32_768): string {
  const compiled = compileTemplate(template);
  if (isTemplateError(compiled)) throw new Error(`${compiled.line}:${compiled.column}: ${compiled.detail}`);
  return renderTemplate(compiled, scope(body), FRAME, max);
}

describe("renderTemplate", () => {
  test.each<[string, unknown, string]>([
    ["plain { text } }}", {}, "plain { text } }}"],
    ["{{a}}", { a: "x" }, "<x>"],
    ["{{ a.b.c }}", { a: { b: { c: 1 } } }, "<1>"],
    ["{{ a[1].b }}", { a: [{}, { b: true }] }, "<true>"],
    ["{{ [0] }}", ["x"], "<x>"],
    ['{{ ["odd name"]["a.b"] }}', { "odd name": { "a.b": "x" } }, "<x>"],
    ["{{ größe }}", { größe: 3 }, "<3>"],
    ["{{ a }} and {{ a.b.c }}", { a: null }, " and "],
    ["{{ a }}", { a: { b: [1] } }, '<{"b":[1]}>'],
    ["{{ @type }} {{ @summary }} {{ @body }}", {}, "<issues.opened> <in short> <raw>"],
    ["{{ @source }} {{ @event_id }} {{ @received_at }}", {}, "github e1 now"],
    ["{{ @headers.X-GitHub-Event }}", {}, "<issues>"],
    ["{{ a | limit:3 }}", { a: "abcdef" }, "<ab…>"],
    ["{{ a | line }}", { a: " x\r\n\ty " }, "<x y>"],
    ["{{ a | quote }}", { a: "x\u2028y\r\nz\n" }, "<> x\n> y\n> z>"],
    ["{{ a | json }}", { a: "x\ny" }, '<"x\\ny">'],
    ["{{ a | json | limit:4 }}", { a: [1, 2, 3] }, "<[1,…>"],
    ['{{ a | join:", " }}', { a: ["x", 1, { b: 2 }, null] }, '<x, 1, {"b":2}, >'],
    ["{{ a | join:', ' }}", { a: "no list" }, "<no list>"],
    ['{{ a | default:"none" }}', {}, "none"],
    ['{{ a | default:"none" | limit:2 }}', { a: " " }, "n…"],
    ['{{ a | line | default:"\\u007b\\"\\n" }}', {}, '{"\n'],
    ['{{ a | default:"none" }}', { a: 0 }, "<0>"],
    ['{{ a | join:"}}" }}', { a: [1, 2] }, "<1}}2>"],
    ["{{\n a\n | line }}", { a: "x" }, "<x>"],
    ["{{ a }}", { a: "x\u0000\u202ey\u200b" }, "<xy>"],
  ])("makes of %p and %p %p", (template, body, expected) => {
    expect(render(template, body)).toBe(expected);
  });

  test.each(["constructor", "__proto__", "a.constructor", "a.length", "toString", '["__proto__"].x', "b[0].map"])(
    "finds nothing at %s, which no body has of its own",
    (path) => {
      expect(render(`{{ ${path} }}`, { a: "text", b: [[]] })).toBe("");
    },
  );

  test("cuts a field at 2,000 characters, and one with a limit there", () => {
    const a = "x".repeat(50_000);

    expect(render("{{ a }}", { a })).toHaveLength(2_002);
    expect(render("{{ a | limit:20000 }}", { a })).toHaveLength(20_002);
    expect(render("{{ a | limit:20000 | line }}", { a })).toHaveLength(20_002);
  });

  test("is never longer than it may be, and keeps every frame closed and the template's own text", () => {
    const text = fc.string({ maxLength: 40 }).filter((each) => !/[{}<>]/.test(each));
    const lengths = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(text, lengths, fc.integer({ min: 800, max: 5_000 }), (own, sizes, max) => {
        const template = sizes.map((_, i) => `${own}{{ [${i}] }}`).join("");
        const body = sizes.map((size) => "x".repeat(size));
        const result = render(template, body, max);

        expect(result.length).toBeLessThanOrEqual(max);
        expect(result.replace(/<x*…?>/g, "")).toBe(own.repeat(sizes.length));
      }),
    );
  });
});

describe("compileTemplate", () => {
  test.each([
    ["{{ }}", 1, 4, '"}}" comes too early', "issue.title"],
    ["a\n  {{ title", 2, 3, 'the text ends before "}}"', '"|" or "}}"'],
    ["{{ title } }}", 1, 10, '"}" stands here', "behind the path"],
    ["{{ a b }}", 1, 6, '"b" stands here', "behind the path"],
    ["{{ a. }}", 1, 6, '" " stands here', "issue.title"],
    ["{{ a..b }}", 1, 6, '".b" stands here', "issue.title"],
    ["{{ 1a }}", 1, 4, '"1a" stands here', "issue.title"],
    ["{{ a[x] }}", 1, 6, '"x]" stands here', "a number or a name in quotes"],
    ["{{ a[-1] }}", 1, 6, '"-1]" stands here', "a number"],
    ["{{ a[0 }}", 1, 7, '" " stands here', '"]"'],
    ["{{ @sumary }}", 1, 4, '"@sumary" is unknown (did you mean "@summary"?)', "@type"],
    ["{{ @headers }}", 1, 12, "the header's name is missing", "@headers.<name>"],
    ["{{ @type.x }}", 1, 9, '".x" stands here', '"|"'],
    ["{{ a | limt:3 }}", 1, 8, 'there is no filter "limt" (did you mean "limit"?)', "limit:N"],
    ["{{ a | constructor }}", 1, 8, 'there is no filter "constructor"', "limit:N"],
    ["{{ a | }}", 1, 8, '"}}" comes too early', "limit:N"],
    ["{{ a | limit }}", 1, 14, '"}}" comes too early', "limit:200"],
    ["{{ a | limit:0 }}", 1, 14, "the limit is 0", "from 1 to 20000"],
    ["{{ a | limit:99999 }}", 1, 14, "the limit is 99999", "from 1 to 20000"],
    ["{{ a | join:x }}", 1, 13, '"x" stands here', "text in quotes"],
    ['{{ a | join:"\\q" }}', 1, 13, "an escape in the text is not one of JSON's", "\\uXXXX"],
    ['{{ a | limit:3 | join:"," }}', 1, 18, '"join" stands behind a filter', '"join" as the first filter'],
  ])("tells of %p line %p, column %p", (template, line, column, detail, allowed) => {
    const error = compileTemplate(template);

    expect(error).toMatchObject({ line, column });
    expect(isTemplateError(error) ? error.detail : "").toContain(detail);
    expect(isTemplateError(error) ? error.allowed : "").toContain(allowed);
  });

  test("refuses a template that is too long or has too many placeholders", () => {
    expect(isTemplateError(compileTemplate("x".repeat(MAX_TEMPLATE + 1)))).toBe(true);
    expect(isTemplateError(compileTemplate("{{a}}".repeat(MAX_PLACEHOLDERS + 1)))).toBe(true);
    expect(isTemplateError(compileTemplate("{{a}}".repeat(MAX_PLACEHOLDERS)))).toBe(false);
  });

  test("reads any text, or tells a place inside it, and then what is rendered is all there is", () => {
    const piece = fc.constantFrom(
      "{{",
      "}}",
      " ",
      "a",
      ".",
      "[0]",
      "|",
      "limit:3",
      'join:","',
      "@body",
      '"',
      "\n",
      "}",
      "😀",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        const compiled = compileTemplate(text);
        if (!isTemplateError(compiled)) {
          expect(renderTemplate(compiled, scope({ a: "x" }), FRAME, 32_768).length).toBeLessThan(1_000);
          return;
        }
        const lines = text.split("\n");
        expect(compiled.line).toBeWithin(1, lines.length + 1);
        expect(compiled.column).toBeWithin(1, lines[compiled.line - 1]!.length + 2); // the line exists, see above
      }),
    );
  });
});
