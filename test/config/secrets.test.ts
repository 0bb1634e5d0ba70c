import { describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { isReference, resolveSecret, withoutCredentials } from "../../src/config/secrets.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();

describe("resolveSecret", () => {
  test("takes text as it is", () => {
    expect(resolveSecret("hunter2", {})).toEqual({ ok: true, value: "hunter2" });
    expect(resolveSecret("environment:X", {})).toEqual({ ok: true, value: "environment:X" });
  });

  test("takes a secret from the environment", () => {
    expect(resolveSecret("env:TOKEN", { TOKEN: " spaced " })).toEqual({ ok: true, value: " spaced " });
  });

  test.each([
    ["secret", "secret"],
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret\n\n", "secret\n"],
    [" two\nlines \n", " two\nlines "],
  ])("takes the secret of a file with %p as %p", async (content, value) => {
    await Bun.write(folder.file("secret"), content);

    expect(resolveSecret(`file:${folder.file("secret")}`, {})).toEqual({ ok: true, value });
  });

  test.each([
    ["env:TOKEN", {}, 'the environment variable "TOKEN" is not set'],
    ["env:TOKEN", { TOKEN: "" }, 'the environment variable "TOKEN" is empty'],
    ["env:TOKEN", { TOKEN: " \t\n" }, 'the environment variable "TOKEN" is empty'],
    ["  ", {}, "it is blank"],
    ["env:", {}, 'the environment variable "" is not set'],
    ["file:secret.txt", {}, '"file:secret.txt" is no absolute path'],
    ["file:/does/not/exist", {}, '"/does/not/exist" cannot be read (ENOENT)'],
    ["file:/dev/zero", {}, '"/dev/zero" is not a file'],
  ])("says why %p is not there", (reference, env, reason) => {
    expect(resolveSecret(reference, env)).toEqual({ ok: false, reason });
  });

  test("refuses folders, empty files, large files and files that are no text", async () => {
    await mkdir(folder.file("folder"));
    await Bun.write(folder.file("empty"), "\n");
    await Bun.write(folder.file("large"), "x".repeat(65_537));
    await Bun.write(folder.file("binary"), Uint8Array.of(0xff, 0xfe));
    const reasons = ["folder", "empty", "large", "binary"].map((name) => {
      const secret = resolveSecret(`file:${folder.file(name)}`, {});
      return secret.ok ? null : secret.reason.slice(folder.file(name).length + 3);
    });

    expect(reasons).toEqual(["is not a file", "is empty", "has 65537 bytes, more than 65536", "is not UTF-8 text"]);
  });
});

test("`isReference` knows what points elsewhere", () => {
  expect(["env:X", "file:/x"].every(isReference)).toBe(true);
  expect(["", "x", "ENV:X", " env:X"].some(isReference)).toBe(false);
});

test.each([
  ["postgres://user:pass@host/db", "postgres://…@host/db"],
  ["postgres://user:p@ss@host/db", "postgres://…@host/db"],
  ["postgres://host/db?a=1&password=pass&b=2", "postgres://host/db?a=1&password=…&b=2"],
  ["https://example.com/a@b", "https://example.com/a@b"],
  ["plain text", "plain text"],
])("`withoutCredentials` makes %p into %p", (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown);
});
