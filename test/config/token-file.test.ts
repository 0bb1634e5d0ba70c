import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rename, rm, stat, utimes } from "node:fs/promises";
import { systemDisk } from "../../src/config/disk.ts";
import { editConfig } from "../../src/config/edit.ts";
import { TokenFile } from "../../src/config/token-file.ts";
import type { Timer } from "../../src/lib/clock.ts";
import { ManualClock } from "../support/clock.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string]; // three in, three out
const HEAD = "# mine\n[gateway]\nport = 1 # port\n";
const listOf = (...tokens: readonly string[]) => `${HEAD}paired_tokens = ${JSON.stringify(tokens)}\n`;

const save = (text: string) => Bun.write(folder.file(), text);
const text = () => Bun.file(folder.file()).text();

describe("TokenFile", () => {
  let clock: ManualClock;
  let file: TokenFile;
  beforeEach(() => {
    clock = new ManualClock(Date.now());
    file = new TokenFile(folder.file(), clock);
  });

  test("reads the entries as they are written", async () => {
    const token = `zc_${C}`;
    await save(listOf(A.toUpperCase(), token));

    expect(await file.read()).toEqual([A.toUpperCase(), token]);
  });

  test("reads none where there is no list, no table or no file", async () => {
    expect(await file.read()).toEqual([]);
    await save("");
    expect(await file.read()).toEqual([]);
    await save(HEAD);
    expect(await file.read()).toEqual([]);
  });

  test.each([
    ["[gateway]\npaired_tokens = [1]\n", '"gateway.paired_tokens" must be a list of SHA-256 hashes'],
    [listOf(A, "nothing"), "entry 2 is neither a hash"],
    ["gateway = 1\n", '"gateway" must be a table'],
    ["[gateway", "line 1, column 9"],
  ])("refuses %p", async (content, reason) => {
    await save(content);

    await expect(file.read()).rejects.toThrow(reason);
  });

  test("reads the list of a file that has a mistake elsewhere", async () => {
    await save(`${listOf(A)}prot = 1\n`);

    expect(await file.read()).toEqual([A]);
  });

  test("writes the list and nothing else", async () => {
    await save(listOf());
    await file.read();
    await file.write([A]);
    expect(await text()).toBe(listOf(A));
    await file.write([]);

    expect(await text()).toBe(listOf());
  });

  test("makes the file when there is none", async () => {
    await file.write([A]);

    expect(await file.read()).toEqual([A]);
    expect(await text()).toContain(`paired_tokens = ["${A}"]   # Authenticated tokens`);
  });

  test("writes beside the edits of a person: what was removed stays removed, what was added stays", async () => {
    await save(listOf(A, B));
    await file.read();
    await save(listOf(B, C));
    await file.write([A, B, "d".repeat(64)]);

    expect(await file.read()).toEqual([B, C, "d".repeat(64)]);
  });

  test("takes out what its owner takes out, also when it stands elsewhere by now", async () => {
    await save(listOf(A, B));
    await file.read();
    await save(listOf(C, B, A));
    await file.write([B]);

    expect(await file.read()).toEqual([C, B]);
  });

  test("refuses entries that are no hashes, and writes nothing", async () => {
    await save(listOf(A));
    await file.read();

    await expect(file.write([A, "nothing"])).rejects.toThrow("entry 2 is neither a hash");
    expect(await text()).toBe(listOf(A));
    await file.write([A, B]);
    expect(await text()).toContain(B);
  });

  test("writes one list after the other when several are given at once", async () => {
    await save(listOf());
    await file.read();
    await Promise.all([file.write([A]), file.write([A, B]), file.write([A, B, C])]);

    expect(await file.read()).toEqual([A, B, C]);
  });

  test("says so when the file is read-only", async () => {
    await save(listOf());
    const readOnly = new TokenFile(folder.file(), clock, { ...systemDisk, canWrite: () => false });

    await expect(readOnly.write([A])).rejects.toMatchObject({ name: "ConfigReadOnly" });
  });
});

describe("TokenFile.watch", () => {
  let clock: ManualClock;
  let file: TokenFile;
  let told: (readonly string[])[];
  let errors: string[];
  let watching: Timer;

  beforeEach(async () => {
    clock = new ManualClock(Date.now());
    file = new TokenFile(folder.file(), clock);
    told = [];
    errors = [];
    await save(listOf(A, B));
    await file.read();
    watching = file.watch(
      (entries) => told.push(entries),
      (error) => errors.push(String(error)),
    );
  });
  afterEach(() => watching.cancel());

  /** Lets `ms` pass, and after each step what reads the file finish. */
  async function pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 100) {
      clock.advance(100);
      await settle();
    }
  }

  /** What looks into the file makes fewer than ten calls of the file system, one after the other; these are many more. */
  async function settle(): Promise<void> {
    for (let i = 0; i < 40; i += 1) await stat(folder.path);
  }

  test("tells the list once after it changed, within a second", async () => {
    await pass(1_000);
    await save(listOf(B));
    await pass(900);
    expect(told).toEqual([[B]]);
    await pass(3_000);

    expect(told).toEqual([[B]]);
    expect(errors).toEqual([]);
  });

  test("tells of a file that was replaced, as editors do", async () => {
    await Bun.write(folder.file("config.toml~"), listOf(B, A));
    await rename(folder.file("config.toml~"), folder.file());
    await pass(900);

    expect(told).toEqual([[B, A]]);
  });

  test("is silent about its own writes and about edits elsewhere in the file", async () => {
    await file.write([A, B, C]);
    await pass(1_500);
    await editConfig(folder.file(), new Map([["gateway.port", 2]]));
    await pass(1_500);

    expect(told).toEqual([]);
  });

  test("tells what a person did meanwhile when a write kept it", async () => {
    await save(listOf(B));
    await file.write([A, B, C]);
    await pass(900);

    expect(told).toEqual([[B, C]]);
  });

  test.each([
    ["empty", ""],
    ["cut in the middle of the list", `${HEAD}paired_tokens = ["${A}", "`],
    ["wrong", listOf(A, "nothing")],
  ])("keeps the last good list while the file is %s, and says so once", async (_how, broken) => {
    await save(broken);
    await pass(3_000);
    expect([told, errors.length]).toEqual([[], 1]);
    await save(listOf(A, B));
    await pass(1_000);
    expect([told, errors.length]).toEqual([[], 1]);
    await save(broken);
    await pass(1_000);

    expect([told, errors.length]).toEqual([[], 2]);
  });

  test("keeps the last good list while the file is gone", async () => {
    await rm(folder.file());
    await pass(2_000);
    expect(errors).toHaveLength(1);
    await save(listOf(A));
    await pass(1_000);

    expect(told).toEqual([[A]]);
    expect(errors[0]).toContain("the file is gone; paired devices stay as they were");
  });

  test("waits until a file that is being saved has settled", async () => {
    await pass(400);
    // An editor that saves in place: first nothing, then half, then all.
    await save("");
    clock.advance(100);
    await settle();
    await save(`${HEAD}paired_tokens = []\n`);
    clock.advance(50);
    await settle();
    await save(listOf(A, B, C));
    await pass(1_000);

    expect(told).toEqual([[A, B, C]]);
    expect(errors).toEqual([]);
  });

  test("sees a change that leaves the size and the time of modification as they were", async () => {
    const { atime, mtime } = await stat(folder.file());
    await pass(900);
    await save(listOf(A, C));
    await utimes(folder.file(), atime, mtime);
    await pass(900);

    expect(told).toEqual([[A, C]]);
  });

  test("tells nothing after it was cancelled, not even what it is reading", async () => {
    await pass(1_000);
    await save(listOf(B));
    clock.advance(500);
    await settle();
    clock.advance(100);
    watching.cancel();
    await settle();
    await pass(2_000);

    expect([told, errors, clock.timers]).toEqual([[], [], 0]);
  });
});
