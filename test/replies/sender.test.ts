import { expect, test } from "bun:test";
import { excerpt } from "../../src/replies/sender.ts";

test("excerpt is one short line in which nobody can draw, without the secrets", () => {
  expect(excerpt("Malformed token EAAB123\r\n\u001b[31m twice: EAAB123", ["", "EAAB123"])).toBe(
    "Malformed token [redacted] [31m twice: [redacted]",
  );
  expect(excerpt("x".repeat(1_000), [])).toBe(`${"x".repeat(299)}…`);
  expect(excerpt(`${"x".repeat(290)}SECRET-THAT-IS-CUT`, ["SECRET-THAT-IS-CUT"])).not.toContain("SECRET");
});
