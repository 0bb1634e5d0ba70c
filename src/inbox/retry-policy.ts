/** Events are tried again as everything else is (docs/architecture.md); after the last delay an event is dead. */
export { nextAttemptAt, RETRY_DELAYS_MS } from "../lib/backoff.ts";
