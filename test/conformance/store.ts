import { describe } from "bun:test";
import { claimSuite } from "./store-claim.ts";
import { devicesSuite } from "./store-devices.ts";
import { eventsSuite } from "./store-events.ts";
import { keysSuite } from "./store-keys.ts";
import { listsSuite } from "./store-lists.ts";
import { memorySuite } from "./store-memory.ts";
import { purgeSuite } from "./store-purge.ts";
import { purgeRunsSuite } from "./store-purge-runs.ts";
import { rebaseSuite } from "./store-rebase.ts";
import { refusalsSuite } from "./store-refusals.ts";
import { replaySuite } from "./store-replay.ts";
import { repliesSuite } from "./store-replies.ts";
import { runsSuite } from "./store-runs.ts";
import type { StoreUnderTest } from "./store-samples.ts";
import { searchSuite } from "./store-search.ts";
import { sessionsSuite } from "./store-sessions.ts";
import { supersedeSuite } from "./store-supersede.ts";

/** What every Store must do, whatever it is made of. `open` gives an empty one. */
export function storeSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  // Each test has a store of its own, which is closed and removed whatever happens.
  const use = (body: (under: StoreUnderTest) => Promise<void>) => async () => {
    const under = await open();
    try {
      await body(under);
    } finally {
      await under.close();
    }
  };
  describe(name, () => {
    eventsSuite(use);
    claimSuite(use);
    replaySuite(use);
    purgeSuite(use);
    purgeRunsSuite(use);
    rebaseSuite(use);
    supersedeSuite(use);
    listsSuite(use);
    runsSuite(use);
    repliesSuite(use);
    refusalsSuite(use);
    sessionsSuite(use);
    searchSuite(use);
    keysSuite(use);
    devicesSuite(use);
    memorySuite(use);
  });
}
