/** How many bytes may be held at once, by everyone together. What is taken must be given back. */
export class ByteBudget {
  readonly #limit: number;
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

  /** @throws RangeError when more comes back than was taken: a budget that grows by mistake would no longer bound anything. */
  give(n: number): void {
    requireBytes("give back", n);
    if (n > this.#used) throw new RangeError(`Cannot give back ${n} bytes: only ${this.#used} are taken`);
    this.#used -= n;
  }
}

/** @throws RangeError when `n` is no count of bytes. */
export function requireBytes(doing: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`Cannot ${doing} ${n} bytes: a whole number is needed`);
}
