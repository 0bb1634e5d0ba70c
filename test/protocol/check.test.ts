import { describe, expect, test } from "bun:test";
import { type } from "arktype";
import fc from "fast-check";
import { checkShape, shapeFault, showFound } from "../../src/protocol/check.ts";
import { SHAPE_CHECKS, SHAPE_SCHEMAS } from "../../src/protocol/shapes.generated.ts";
import { SHAPES, type ShapeName } from "../../src/protocol/shapes.ts";

const NAMES = Object.keys(SHAPES) as ShapeName[]; // the keys of SHAPES are the names

/** Values near the edges of what the shapes allow, and far from them. */
const anyValue = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(0, 1, 63, 64, 65, 128, 129, 255, 256, 257).map((length) => "x".repeat(length)),
  fc.constantFrom("owner", "chat", "ingest", "allow", "deny", "always", "a b", "a:b", "a\n"),
  fc.integer(),
  fc.constantFrom(-1, -0, 0.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.integer()), { maxLength: 66 }),
  fc.array(fc.string({ maxLength: 1 }), { minLength: 63, maxLength: 66 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
);

describe("checkShape", () => {
  test.each(NAMES)("agrees with arktype about every value given as %s", (name) => {
    // `as`: arktype infers from a literal, and `name` is any of the names.
    const reference = type(SHAPES[name] as (typeof SHAPES)["pair_request"]);
    const keys = SHAPE_CHECKS[name].map((field) => field.key);
    const record = fc.dictionary(fc.constantFrom(...keys, "type", "unknown"), anyValue, { maxKeys: keys.length + 1 });
    fc.assert(
      fc.property(record, (value) => {
        expect(checkShape(name, value).ok).toBe(reference.allows(value));
      }),
      { numRuns: 300 },
    );
  });

  test("gives the value itself, with the keys that it does not know", () => {
    const value = { content: "hi", future: 1 };

    expect(checkShape("frame_message", value)).toEqual({ ok: true, value });
  });

  test("says which field is wrong, what is allowed and what was found", () => {
    expect(shapeFault("frame_message", { content: "hi", session_id: "a b" })).toEqual({
      field: "session_id",
      detail: '"session_id" must be 1 to 128 characters of A-Z a-z 0-9 . _ : - (found "a b")',
    });
    expect(shapeFault("paircode_request", { scope: "root" })?.detail).toBe(
      '"scope" must be one of "owner", "chat", "ingest" (found "root")',
    );
    expect(shapeFault("frame_resume", { session_id: "s", after: -1 })?.detail).toBe(
      '"after" must be a whole number of at least 0 (found -1)',
    );
    expect(shapeFault("frame_topics", { topics: ["a", 1] })?.detail).toBe(
      '"topics" must be a list of at most 64 strings (found a list of 2)',
    );
    expect(shapeFault("device_patch", { name: "" })?.detail).toBe(
      '"name" must be a string of 1 to 64 characters (found "")',
    );
  });

  test("says which field is missing", () => {
    expect(shapeFault("frame_message", {})).toEqual({
      field: "content",
      detail: '"content" is missing: it must be a string',
    });
  });

  test.each([
    [[], "a list of 0"],
    ["text", '"text"'],
    [null, "null"],
    [7, "7"],
    [undefined, "nothing"],
  ])("refuses %p as a whole, even where every field is optional", (value, shown) => {
    expect(shapeFault("frame_ping", value)).toEqual({
      field: "",
      detail: `A JSON object is expected (found ${shown})`,
    });
  });

  test("looks at own keys only", () => {
    expect(shapeFault("frame_message", Object.create({ content: "inherited" }))?.field).toBe("content");
    expect(shapeFault("frame_ping", Object.create({ id: 7 }))).toBeNull();
    expect(checkShape("frame_message", JSON.parse('{"content":"hi","__proto__":{"token":7}}')).ok).toBe(true);
  });

  test.each(["token", "code"])("never shows what was sent as a %s", (key) => {
    const secret = `zc_${"f".repeat(400)}`;
    for (const name of NAMES.filter((each) => SHAPE_CHECKS[each].some((field) => field.key === key))) {
      const fault = shapeFault(name, { content: "hi", [key]: secret });

      expect(fault?.field).toBe(key);
      expect(fault?.detail).not.toContain("ff");
      expect(fault?.detail).toContain("403 characters");
      expect(shapeFault(name, { content: "hi", [key]: [secret] })?.detail).not.toContain("ff");
    }
  });
});

describe("showFound", () => {
  test("cuts text at 60 characters and tells its length", () => {
    expect(showFound("x".repeat(60))).toBe(`"${"x".repeat(60)}"`);
    expect(showFound("x".repeat(61))).toBe(`"${"x".repeat(60)}…", 61 characters`);
  });

  test("never cuts a character in half", () => {
    expect(showFound(`${"x".repeat(59)}😀😀`)).toBe(`"${"x".repeat(59)}…", 63 characters`);
    expect(showFound(`${"x".repeat(58)}😀😀`)).toBe(`"${"x".repeat(58)}😀…", 62 characters`);
  });

  test("lets no control character and no mark of direction through", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0x2fff).map((code) => String.fromCharCode(code)) }), (text) => {
        expect(showFound(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
      }),
    );
    expect(showFound("\u001b[2J\u202e")).toBe('"\\u001b[2J\\u202e"');
  });
});

describe("SHAPE_SCHEMAS", () => {
  test("describes every shape, with its required fields and without a dialect", () => {
    expect(Object.keys(SHAPE_SCHEMAS)).toEqual(NAMES);
    for (const name of NAMES) {
      const schema: { properties: object; required?: readonly string[] } = SHAPE_SCHEMAS[name];
      const required = SHAPE_CHECKS[name].filter((field) => field.required).map((field) => field.key);

      expect(Object.keys(schema.properties).toSorted()).toEqual(SHAPE_CHECKS[name].map((f) => f.key).toSorted());
      expect((schema.required ?? []).toSorted()).toEqual(required.toSorted());
      expect(schema).not.toHaveProperty("$schema");
    }
  });
});
