import type { Config } from "../config/settings.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import { systemGuardedFetch } from "../replies/guarded-fetch.ts";
import { openSenders } from "../replies/senders.ts";
import { ReplyWorkers } from "../replies/workers.ts";
import type { Store } from "../store/store.ts";

export interface ReplyServicesParts {
  readonly channels: Config["channels"];
  /** The sources whose answers an earlier process has left, also where no channel of that name is configured any more. */
  readonly left: readonly string[];
  readonly store: Pick<Store, "replies">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What takes answers back to where their events came from. */
export function openReplies(parts: ReplyServicesParts): ReplyWorkers {
  const { channels, left, store, clock, random, log } = parts;
  const senders = openSenders(channels, { clock, fetch: systemGuardedFetch(clock) });
  const sources = [...Object.keys(channels), ...left];
  return new ReplyWorkers({ replies: store.replies, senders, sources, clock, random, log });
}
