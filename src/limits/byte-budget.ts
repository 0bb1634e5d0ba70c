import type { Clock } from "../lib/clock.ts";

interface Waiter {
  readonly bytes: number;
  readonly enter: (entered: boolean) => void;
}

/** How many bytes may be held at once, by everyone together. What is taken must be given back. */
export class ByteBudget {
  readonly #limit: number;
  /** Who waits for room, in the order they came: a large one is not overtaken for ever by small ones that wait too. */
  readonly #waiting: Waiter[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes `n` bytes; false when that many are not left, and then none is taken. */
  take(n: number): boolean {
    requireBytes("take", n);
    if (n > this.#limit - this.#used) return false;
    this.#used += n;
    return true;
  }

  /** The same, but waits in line for room, at most `waitMs`. */
  async takeInTurn(n: number, waitMs: number, clock: Clock): Promise<boolean> {
    requireBytes("take", n);
    if (n > this.#limit) return false;
    if (this.#waiting.length === 0 && this.take(n)) return true;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        bytes: n,
        enter: (entered) => {
          timer.cancel();
          resolve(entered);
        },
      };
      const timer = clock.after(waitMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.enter(false);
        this.#letIn(); // whoever stood behind may fit
      });
      this.#waiting.push(waiter);
    });
  }

  /** @throws RangeError when more comes back than was taken: a budget that grows by mistake would no longer bound anything. */
  give(n: number): void {
    requireBytes("give back", n);
    if (n > this.#used) throw new RangeError(`Cannot give back ${n} bytes: only ${this.#used} are taken`);
    this.#used -= n;
    this.#letIn();
  }

  #letIn(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.take(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      first.enter(true);
    }
  }
}

function requireBytes(doing: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`Cannot ${doing} ${n} bytes: a whole number is needed`);
}
