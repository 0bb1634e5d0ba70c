import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Problem } from "../../../src/protocol/problem.ts";
import { cursorOf, positionOf } from "../../../src/store/sqlite/cursor.ts";

const place = fc.maxSafeNat();

describe("a cursor", () => {
  test("gives back the numbers it was made of", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(positionOf("e", 1, cursorOf("e", a))).toEqual([a]);
        expect(positionOf("s", 2, cursorOf("s", a, b))).toEqual([a, b]);
      }),
    );
  });

  test("is taken only as it was given: any other string is a bad_request", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: "binary" }),
          place.map((n) => `e${n}`),
        ),
        (text) => {
          let position: readonly number[];
          try {
            position = positionOf("e", 1, text);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            expect(error).toMatchObject({ code: "bad_request" });
            return;
          }
          expect(cursorOf("e", ...position)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each(["s1-1", "m1", "e1-1", "e", "e9007199254740992000000", `e${"0".repeat(5_000)}`])(
    "of another list, or out of range, is refused: %s",
    (text) => {
      expect(() => positionOf("e", 1, text)).toThrow("Cannot go on from");
    },
  );

  test("that is refused is quoted in part only", () => {
    try {
      positionOf("e", 1, "x".repeat(100_000));
    } catch (error) {
      expect(String(error).length).toBeLessThan(300);
      return;
    }
    throw new Error("It was taken.");
  });
});
