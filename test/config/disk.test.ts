import { describe, expect, test } from "bun:test";
import { isReadOnly, systemDisk } from "../../src/config/disk.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();

describe("isReadOnly", () => {
  test("is false for a file that can be written, and for what does not exist yet", async () => {
    await Bun.write(folder.file(), "");

    expect(isReadOnly(folder.file())).toBe(false);
    expect(isReadOnly(folder.file("new.toml"))).toBe(false);
    expect(isReadOnly(folder.file("new/config.toml"))).toBe(false);
  });

  test.each([
    ["the file", "config.toml"],
    ["its folder", ""],
  ])("is true when %s cannot be written", async (_what, end) => {
    const canWrite = (path: string) => path !== (end === "" ? folder.path : folder.file(end));

    expect(isReadOnly(folder.file(), { ...systemDisk, canWrite })).toBe(true);
  });
});
