import { describe, expect, test } from "bun:test";
import dotcom from "@octokit/webhooks-examples/api.github.com/index.json";
import fc from "fast-check";
import { type Writing, writingsIn } from "../../src/channels/github-writings.ts";
import { isObject } from "../../src/lib/json.ts";

const find = (text: string) => writingsIn(Buffer.from(text));

/** What writingsIn promises, said with JSON.parse. */
function walk(value: unknown, place: string | null = null): readonly Writing[] {
  if (Array.isArray(value)) return value.flatMap((entry) => walk(entry, place ?? ""));
  if (!isObject(value)) return [];
  const below = Object.entries(value).flatMap(([key, inner]) => walk(inner, place ?? key));
  if (!Object.hasOwn(value, "author_association")) return below;
  const { author_association, body, user } = value;
  const association = typeof author_association === "string" ? author_association : "";
  const marked = typeof body === "string" && body.includes("<!-- zeroclaw:");
  const login = isObject(user) && typeof user["login"] === "string" ? user["login"] : "";
  const byBot = isObject(user) && (user["type"] === "Bot" || login.toLowerCase().endsWith("[bot]"));
  return [...below, { place: place ?? "", association, marked, byBot }];
}

/** Every character of every text as an escape, keys included: what no sender does, and any parser reads. */
function escapeAll(json: string): string {
  const escaped = (text: string) =>
    [...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${escaped(JSON.parse(quoted))}"`);
}

const sorted = (writings: readonly Writing[] | null) => writings?.map((each) => JSON.stringify(each)).toSorted();

// Few keys, so that those that matter meet; texts that look like keys, marks, ends of texts.
const KEY = fc.constantFrom(
  "author_association",
  "body",
  "user",
  "type",
  "login",
  "comment",
  "a",
  'q"uote',
  "back\\",
  "",
  "ü",
);
const TEXT = fc.oneof(
  fc.constantFrom(
    "OWNER",
    "NONE",
    "Bot",
    "ci[BOT]",
    "<!-- zeroclaw:1 -->",
    '"author_association":"NONE"',
    'x"author_association',
  ),
  fc.constantFrom("\\", '\\"', '":{', "}", "],", ':"', "author_association"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const { value: VALUE } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    TEXT,
    fc.constantFrom(null, true, 12, -0.5),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(KEY, tie("value"), { maxKeys: 6 }),
  ),
}));

describe("writingsIn", () => {
  test("finds what a walk through JSON.parse finds, however it is indented and escaped", () => {
    const payload = fc.dictionary(KEY, VALUE, { minKeys: 1, maxKeys: 6 });
    fc.assert(
      fc.property(payload, fc.constantFrom(0, 1, "\t", "\r\n "), fc.boolean(), (value, indent, escaped) => {
        const json = JSON.stringify(value, null, indent);
        const text = escaped ? escapeAll(json) : json;
        expect(sorted(find(text))).toEqual(sorted(walk(JSON.parse(text)))!);
      }),
      { numRuns: 600 },
    );
  });

  test("finds every author in GitHub's own examples", () => {
    let found = 0;
    for (const { examples } of dotcom as readonly { readonly examples: readonly unknown[] }[]) {
      for (const example of examples) {
        const writings = find(JSON.stringify(example));
        found += writings?.length ?? 0;
        expect(sorted(writings)).toEqual(sorted(walk(example))!);
      }
    }
    expect(found).toBeGreaterThan(100);
  });

  test("takes no text for a key, whatever stands in it", () => {
    const body = 'x","author_association":"OWNER","y":"\\';
    expect(find(JSON.stringify({ comment: { body }, title: '"author_association', next: 1 }))).toEqual([]);
  });

  test("takes the last of equal keys, and counts an author who is no text as unknown", () => {
    const [last] = find('{"a":{"author_association":"OWNER","author_\\u0061ssociation":"NONE"}}') ?? [];
    expect(last?.association).toBe("NONE");
    for (const value of ["null", "1", "{}", '["OWNER"]', '{"author":"OWNER"}']) {
      expect(find(`{"a":{"author_association":${value}}}`)).toMatchObject([{ place: "a", association: "" }]);
    }
  });

  test("never throws on bytes of any kind", () => {
    const start = Buffer.from('{"author_association":"\\u');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        writingsIn(bytes);
        writingsIn(Buffer.concat([start, bytes]));
      }),
    );
    expect(find('{"a":{"author_association":"\\x"}}')).toBeNull();
  });

  test("follows nesting of any depth", () => {
    const deep = 200_000;
    const text = `${'{"thread":['.repeat(deep)}{"author_association":"NONE"}${"]}".repeat(deep)}`;
    expect(find(text)).toEqual([{ place: "thread", association: "NONE", marked: false, byBot: false }]);
  });
});
