import type { Clock } from "../lib/clock.ts";
import { humanDuration, rfc3339 } from "../lib/time.ts";
import type { Log } from "../observe/log.ts";

export interface SilenceParts {
  /** Source → milliseconds within which something should come. */
  readonly expected: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Warns once when a source from which something should have come is silent, and says when it is back. */
export class Silence {
  readonly #parts: SilenceParts;
  readonly #latest = new Map<string, number>();
  readonly #silent = new Set<string>();

  constructor(parts: SilenceParts) {
    this.#parts = parts;
    const now = parts.clock.now();
    // Until the store has been asked, silence is counted from the start.
    for (const source of parts.expected.keys()) this.#latest.set(source, now);
  }

  /** Whether anything is expected of any source. */
  get expects(): boolean {
    return this.#parts.expected.size > 0;
  }

  /** Sources that are silent now. */
  get silent(): ReadonlySet<string> {
    return this.#silent;
  }

  /** Takes what an earlier process saw. A source that never sent anything is counted from the start. */
  remember(latest: ReadonlyMap<string, number>): void {
    for (const source of this.#parts.expected.keys()) {
      const at = latest.get(source);
      if (at !== undefined) this.#latest.set(source, at);
    }
  }

  /** Something came. */
  heard(source: string): void {
    if (!this.#parts.expected.has(source)) return;
    this.#latest.set(source, this.#parts.clock.now());
    if (this.#silent.delete(source)) this.#parts.log.info("A source that was silent sends again", { source });
  }

  /** To be called from time to time. */
  check(): void {
    const { expected, clock, log } = this.#parts;
    for (const [source, within] of expected) {
      const last = this.#latest.get(source) ?? 0;
      if (clock.now() - last <= within || this.#silent.has(source)) continue;
      this.#silent.add(source);
      log.warn("A source is silent: look at its deliveries at the provider, and at zeroclaw webhook trace", {
        source,
        expected_every: humanDuration(within),
        last: rfc3339(last),
      });
    }
  }
}
