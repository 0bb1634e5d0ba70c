import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { deliveryIdOf, sessionOf, typeOf } from "../../src/channels/names.ts";
import { SESSION_ID } from "./support.ts";

const SOURCE = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/);
// Near one another on purpose: colons, dots, hashes and long ones.
const PARTS = fc.array(
  fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a:.]{0,3}$/), fc.string({ minLength: 90 })),
  {
    maxLength: 3,
  },
);

describe("sessionOf", () => {
  test("gives a valid session id that begins with the source", () => {
    fc.assert(
      fc.property(SOURCE, PARTS, (source, parts) => {
        const session = sessionOf(source, parts);
        expect(session).toMatch(SESSION_ID);
        expect(session === source || session.startsWith(`${source}:`)).toBe(true);
      }),
    );
  });

  test("gives two conversations two sessions, and one conversation one", () => {
    fc.assert(
      fc.property(PARTS, PARTS, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(sessionOf("slack", one) === sessionOf("slack", other)).toBe(same);
      }),
    );
  });

  test.each([
    [["C1", "2.3"], "slack:C1:2.3"],
    [[], "slack"],
    [["a:b"], "slack::"],
    [[""], "slack::"],
  ])("of %j begins with %s", (parts, expected) => {
    expect(sessionOf("slack", parts)).toStartWith(expected);
  });
});

describe("deliveryIdOf", () => {
  test("keeps a printable id as it is, and gives every other a hash of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 200 }), (a, b) => {
        const [one, other] = [deliveryIdOf(a), deliveryIdOf(b)];
        expect((one?.length ?? 1) <= 255 && (other?.length ?? 1) <= 255).toBe(true);
        expect(one === other).toBe(a === b);
      }),
    );
    expect(deliveryIdOf("wamid.HBgL==")).toBe("wamid.HBgL==");
    expect(deliveryIdOf("\ud800")).not.toBe(deliveryIdOf("\ud801"));
    expect(deliveryIdOf(deliveryIdOf("a b"))).not.toBe(deliveryIdOf("a b")); // nobody can name another's hash
  });

  test("has none for no id", () => {
    expect(deliveryIdOf(null)).toBeNull();
    expect(deliveryIdOf("")).toBeNull();
  });
});

describe("typeOf", () => {
  test("gives 1 to 128 characters that fit a column and a command line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
        expect(typeOf(name)).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/);
      }),
    );
  });

  test.each([
    ["pull_request.opened", "pull_request.opened"],
    ["Push Hook", "Push_Hook"],
    ["\u202e--", "event"],
    ["", "event"],
  ])("of %j is %s", (name, expected) => {
    expect(typeOf(name)).toBe(expected);
  });
});
