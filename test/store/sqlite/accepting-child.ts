/** Run by durability.test.ts: accepts events in rounds, and prints each id only when its promise has resolved. */
import { writeSync } from "node:fs";
import { systemClock } from "../../../src/lib/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { sampleEvent } from "../../conformance/store-samples.ts";

const [path = "", rounds = "1", perRound = "1"] = process.argv.slice(2);
const store = await openSqliteStore({ path, clock: systemClock });
writeSync(1, "ready\n");
for (let round = 0; round < Number(rounds); round += 1) {
  await Promise.all(
    Array.from({ length: Number(perRound) }, async () => {
      const { event_id } = await store.events.accept(sampleEvent({ received_at: systemClock.now() }));
      writeSync(1, `accepted ${event_id}\n`);
    }),
  );
}
await store.close();
