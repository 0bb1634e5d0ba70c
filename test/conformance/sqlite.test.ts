import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { storeSuite } from "./store.ts";

storeSuite("the SQLite store", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zeroclaw-store-"));
  const opened: Store[] = [];
  const open = async () => {
    const store = await openSqliteStore({ path: join(folder, "state.db"), clock: new ManualClock() });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    reopen: open,
    close: async () => {
      for (const store of opened) await store.close();
      await rm(folder, { recursive: true });
    },
  };
});
