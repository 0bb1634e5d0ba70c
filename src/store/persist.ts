import { type Clock, sleep } from "../lib/clock.ts";
import { StoreUnavailable } from "./store.ts";

const RETRY_MS = 1_000;

export interface PersistParts {
  readonly clock: Clock;
  /** `Log` is one. */
  readonly log: { error(message: string, fields: Readonly<Record<string, string>>): void };
}

/**
 * Does `write` again every second while the store is full or locked, for work that is too late to refuse. `what` names it
 * in the log. Rejects with the signal's reason when that aborts during a wait, and with any other error at once.
 */
export async function persist<T>(
  { clock, log }: PersistParts,
  what: { readonly doing: string; readonly id: string },
  write: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      log.error(`Cannot ${what.doing}; trying again`, { id: what.id, error: error.message });
      await sleep(clock, RETRY_MS, signal);
    }
  }
}
