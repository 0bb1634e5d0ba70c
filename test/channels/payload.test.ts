import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formField, formFields, parseJson } from "../../src/channels/payload.ts";

describe("formField", () => {
  test("decodes what URLSearchParams encodes, wherever the field stands", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.string({ unit: "binary" }))),
        fc.string({ unit: "grapheme" }),
        (others, value) => {
          const form = new URLSearchParams([...others.filter(([name]) => name !== "payload"), ["payload", value]]);
          const found = formField(Buffer.from(form.toString()), "payload");
          expect(Buffer.from(found!).toString()).toBe(value);
        },
      ),
    );
  });

  test("reads hostile forms as URLSearchParams does", () => {
    const piece = fc.constantFrom("payload", "=", "&", "%", "%4", "%41", "%zz", "+", "a", "payload=");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const form = Buffer.from(pieces.join(""));
        const found = formField(form, "payload");
        // A name without "=" is a field for URLSearchParams; GitHub sends none like that.
        const expected = pieces
          .join("")
          .split("&")
          .some((part) => part.startsWith("payload="));
        expect(found === null ? null : Buffer.from(found).toString()).toBe(
          expected
            ? new URLSearchParams(
                pieces
                  .join("")
                  .split("&")
                  .filter((part) => part.startsWith("payload="))
                  .join("&"),
              ).get("payload")
            : null,
        );
      }),
    );
  });
});

describe("formFields", () => {
  test("takes the first of equal names and own names only", () => {
    const fields = formFields(Buffer.from("a=1&a=2&__proto__=3"));
    expect([...fields]).toEqual([
      ["a", "1"],
      ["__proto__", "3"],
    ]);
  });
});

describe("parseJson", () => {
  test.each([
    ["nothing", "", "is empty"],
    ["half an object", "{", "is not valid JSON"],
    ["words", "hello", "is not valid JSON"],
  ])("says what is wrong with %s, and repeats none of it", (_what, body, found) => {
    expect(parseJson(Buffer.from(body))).toEqual({ ok: false, found });
  });

  test("says that bytes are no UTF-8", () => {
    expect(parseJson(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ ok: false, found: "is not UTF-8" });
  });

  test("keeps two long numbers two when they are wanted exactly", () => {
    const ids = [12345678901234567890n, 12345678901234567891n];
    const [one, other] = ids.map((id) => parseJson(Buffer.from(`{"id":${id},"n":1.5}`), "exact"));
    expect(one).toEqual({ ok: true, value: { id: "12345678901234567890", n: 1.5 } });
    expect(other).not.toEqual(one!);
  });
});
