import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAll, writeOnce } from "../../src/cli/write-fd.ts";
import { temporaryFolder } from "../support/cli.ts";

test("writeAll() writes all bytes of a long text", async () => {
  const { dir, remove } = await temporaryFolder();
  const path = join(dir, "out");
  const fd = openSync(path, "w");
  const text = "é🚀\n".repeat(100_000);
  expect(writeAll(fd, text)).toBe(true);
  closeSync(fd);
  expect(readFileSync(path, "utf8") === text).toBe(true);
  await remove();
});

test("writeAll() of nothing writes nothing, not even to a closed descriptor", () => {
  expect(writeAll(9_999, "")).toBe(true);
});

test("writeOnce() throws what is neither a full nor a missing reader", async () => {
  const { dir, remove } = await temporaryFolder();
  const fd = openSync(join(dir, "out"), "a+");
  closeSync(fd);
  const readOnly = openSync(join(dir, "out"), "r");
  expect(() => writeOnce(readOnly, new Uint8Array([65]))).toThrow("EBADF");
  closeSync(readOnly);
  await remove();
});
