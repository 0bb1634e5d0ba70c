import { expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Lockout } from "../../../src/store/store.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

const DAY_MS = 86_400_000;

test(
  "lockouts forget addresses a day after their count began, unless they are locked, and never the count of all",
  inFolder(async (folder) => {
    const clock = new ManualClock();
    const store = await openSqliteStore({ path: join(folder, "state.db"), clock });
    const row = (client: string, until: number): Lockout => ({
      kind: "code",
      client,
      failures: 1,
      since: clock.now(),
      until,
    });
    await store.lockouts.put([row("old", 0), row("locked", clock.now() + 2 * DAY_MS), row("*", 0)]);
    clock.advance(DAY_MS);
    await store.lockouts.put([]);
    expect(await store.lockouts.list()).toHaveLength(3);
    clock.advance(1);
    await store.lockouts.put([row("new", 0)]);
    expect((await store.lockouts.list()).map(({ client }) => client)).toEqual(["*", "locked", "new"]);
    await store.close();
  }),
);
