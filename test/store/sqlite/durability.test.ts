import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

const CHILD = join(import.meta.dir, "accepting-child.ts");
const STRACE = Bun.which("strace");

describe("an accepted event", () => {
  test(
    "is there after SIGKILL at any moment, and the database is whole",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const child = Bun.spawn([process.execPath, CHILD, path, "100000", "16"], { stdout: "pipe" });
      let output = "";
      for await (const chunk of child.stdout) {
        output += new TextDecoder().decode(chunk);
        if (output.split("\n").length > 500) child.kill("SIGKILL");
      }
      await child.exited;
      const ids = [...output.matchAll(/^accepted (\S{36})$/gm)].map((match) => match[1]!);
      expect(ids.length).toBeGreaterThan(400);

      const store = await openSqliteStore({ path, clock: new ManualClock() });
      const lost: string[] = [];
      for (const id of ids) if ((await store.events.get(id)) === null) lost.push(id);
      expect(lost).toEqual([]);
      await store.close();
      const db = new Database(path, { readonly: true });
      expect(db.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
      db.close();
    }),
  );

  test.skipIf(STRACE === null)(
    STRACE === null
      ? "is synced to the disk before its promise resolves, once a round (not run: strace is not installed)"
      : "is synced to the disk before its promise resolves, once a round",
    inFolder(async (folder) => {
      const trace = join(folder, "trace");
      const command = [STRACE ?? "", "-f", "-y", "-e", "trace=fdatasync,fsync,write", "-o", trace];
      const child = Bun.spawn([...command, process.execPath, CHILD, join(folder, "state.db"), "5", "32"], {
        stdout: "ignore",
      });
      expect(await child.exited).toBe(0);
      // A letter for each call that matters, in their order: the log synced (s), an event reported as accepted (a).
      const calls = (await Bun.file(trace).text()).split("\n").flatMap((line) => {
        if (/\bf(data)?sync\(\d+<[^>]*state\.db-wal>/.test(line)) return ["s"];
        if (/\bwrite\(1<[^>]*>, "(ready|accepted)/.test(line)) return [line.includes('"ready') ? "r" : "a"];
        return [];
      });
      const accepting = calls.slice(calls.indexOf("r") + 1).join("");
      expect(accepting).toMatch(/^(sa{32}){5}/);
    }),
    30_000,
  );
});
