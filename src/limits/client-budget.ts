import type { Clock } from "../lib/clock.ts";
import { requireBytes } from "./byte-budget.ts";

interface Waiter {
  readonly client: string;
  readonly bytes: number;
  readonly enter: (entered: boolean) => void;
}

/**
 * How many bytes may be held at once, by everyone together and by each client. One that holds nothing may take what is
 * there, however much; with more than one thing at a time it stays within its share, so that nobody alone can take it all.
 */
export class ClientBudget {
  readonly #limit: number;
  readonly #share: number;
  readonly #held = new Map<string, number>();
  /** Who waits for room, in the order they came. */
  readonly #waiting: Waiter[] = [];
  #used = 0;

  constructor(limit: number, share: number) {
    this.#limit = limit;
    this.#share = share;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes `n` bytes for `client`; false when they are not to be had, and then none is taken. */
  take(client: string, n: number): boolean {
    requireBytes("take", n);
    if (!this.#withinShare(client, n) || n > this.#limit - this.#used) return false;
    this.#used += n;
    this.#held.set(client, (this.#held.get(client) ?? 0) + n);
    return true;
  }

  /** The same, but waits in line for room, at most `waitMs`. */
  async takeInTurn(client: string, n: number, waitMs: number, clock: Clock): Promise<boolean> {
    requireBytes("take", n);
    if (n > this.#limit) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = clock.after(waitMs, () => {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      resolve(false);
      this.#letIn(); // whoever stood behind may fit
    });
    const waiter: Waiter = {
      client,
      bytes: n,
      enter: (entered) => {
        timer.cancel();
        resolve(entered);
      },
    };
    this.#waiting.push(waiter);
    this.#letIn();
    return promise;
  }

  /** @throws RangeError when more comes back than was taken: a budget that grows by mistake would no longer bound anything. */
  give(client: string, n: number): void {
    requireBytes("give back", n);
    const held = this.#held.get(client) ?? 0;
    if (n > held) throw new RangeError(`Cannot give back ${n} bytes: only ${held} are taken`);
    this.#used -= n;
    if (n === held) this.#held.delete(client);
    else this.#held.set(client, held - n);
    this.#letIn();
  }

  /** In order; who waits for its own share is passed, who waits for everybody's room is not: it would never get in. */
  #letIn(): void {
    for (let i = 0; i < this.#waiting.length; ) {
      const { client, bytes, enter } = this.#waiting[i]!;
      if (this.take(client, bytes)) {
        this.#waiting.splice(i, 1);
        enter(true);
      } else if (this.#withinShare(client, bytes)) return;
      else i += 1;
    }
  }

  #withinShare(client: string, n: number): boolean {
    const held = this.#held.get(client) ?? 0;
    return held === 0 || held + n <= this.#share;
  }
}
