import { expect, test } from "bun:test";
import { hashOfPairedToken } from "../../src/config/paired-tokens.ts";
import { sha256Hex } from "../../src/lib/hash.ts";

test("`hashOfPairedToken` takes a hash in any case", () => {
  expect(hashOfPairedToken("aB".repeat(32))).toBe("ab".repeat(32));
});

test("`hashOfPairedToken` hashes a token as it is sent, with its prefix", () => {
  const token = `zc_${"0f".repeat(32)}`;

  expect(hashOfPairedToken(token)).toBe(sha256Hex(token));
});

test.each(["", "ab", "ab".repeat(33), `zc_${"ab".repeat(31)}`, `${"ab".repeat(31)}zz`, `${"ab".repeat(32)}\n`, "zc_"])(
  "`hashOfPairedToken` refuses %p",
  (entry) => {
    expect(hashOfPairedToken(entry)).toBeNull();
  },
);
