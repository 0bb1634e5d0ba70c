import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRunningFile, removeRunningFile, writeRunningFile } from "../../src/gateway/running-file.ts";

const dir = mkdtempSync(join(tmpdir(), "zeroclaw-running-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FILE = { pid: 7, host: "127.0.0.1", port: 8585, started_at: "2026-11-22T12:00:00.000Z", version: "0.1.0" };

describe("the running file", () => {
  test("is read back as it was written, is its user's alone, and goes when told", () => {
    const path = join(dir, "gateway.json");
    writeRunningFile(path, FILE);
    expect(readRunningFile(path)).toEqual(FILE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    removeRunningFile(path);
    expect(readRunningFile(path)).toBeNull();
    expect(() => removeRunningFile(path)).not.toThrow();
  });

  test.each(["", "{", "null", "[]", "7", '{"pid":7}'])("is nothing when it says %p", (text) => {
    const path = join(dir, "broken.json");
    writeFileSync(path, text);
    expect(readRunningFile(path)).toBeNull();
  });
});
