import type { Clock } from "../lib/clock.ts";
import { sleep } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import { EXIT } from "./exit-codes.ts";
import type { Interrupts } from "./interrupts.ts";
import type { SignalName } from "./process-events.ts";

/** The running gateway, as far as stopping it goes. */
export interface Stoppable {
  stop(deadlineMs: number): Promise<void>;
}

/** What is in flight has this long to end (contract §1). */
const DRAIN_MS = 8_000;
/** If stopping has not ended then, it hangs. */
const HANG_MS = DRAIN_MS + 4_000;

/** Waits for a signal, then stops the gateway. Resolves to the exit code. */
export async function untilStopped(
  gateway: Stoppable,
  interrupts: Pick<Interrupts, "first">,
  clock: Clock,
  log: Log,
): Promise<number> {
  const end = await interrupts.first;
  log.info("Stopping", { signal: end, deadline_ms: DRAIN_MS });
  try {
    await stop(gateway, clock);
  } catch (error) {
    log.error("The gateway did not stop cleanly", { error: error instanceof Error ? error.message : String(error) });
    return end === "SIGINT" ? EXIT.interrupted : EXIT.failed;
  }
  log.info("Stopped");
  return end === "SIGINT" ? EXIT.interrupted : EXIT.ok;
}

/** The exit code of a second signal, which does not wait for anything. */
export function codeOfSecond(name: SignalName): number {
  return name === "SIGINT" ? EXIT.interrupted : EXIT.failed;
}

async function stop(gateway: Stoppable, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const hung = sleep(clock, HANG_MS, timer.signal).then(
    () => Promise.reject(new Error(`Stopping took longer than ${HANG_MS / 1_000} seconds`)),
    () => undefined,
  );
  try {
    await Promise.race([gateway.stop(DRAIN_MS), hung]);
  } finally {
    timer.abort();
  }
}
