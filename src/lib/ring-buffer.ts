const FIRST_CAPACITY = 8;

/**
 * Numbers in the order they came, at most `limit` of them. Takes only the memory its fullest moment needed: it starts
 * with room for 8 and doubles up to `limit`, so a client that asks twice an hour does not cost what a busy one costs.
 */
export class RingBuffer {
  #slots: Float64Array;
  #start = 0;
  #size = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#slots = new Float64Array(Math.min(limit, FIRST_CAPACITY));
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size === this.#limit;
  }

  /** The first number that came; undefined when empty. */
  oldest(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#start];
  }

  /** The last number that came; undefined when empty. */
  newest(): number | undefined {
    if (this.#size === 0) return undefined;
    return this.#slots[this.#index(this.#size - 1)];
  }

  /** @throws RangeError when full: the caller decides what that means. */
  push(value: number): void {
    if (this.full) throw new RangeError(`Cannot push into a ring buffer that holds its ${this.#limit} numbers already`);
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[this.#index(this.#size)] = value;
    this.#size += 1;
  }

  /** Forgets numbers from the oldest on, up to and including `bound`. */
  dropThrough(bound: number): void {
    while (this.#size > 0 && this.#slots[this.#start]! <= bound) {
      this.#start = this.#index(1);
      this.#size -= 1;
    }
  }

  /** The slot of the number `offset` places after the oldest. A comparison, because a division costs ten times as much. */
  #index(offset: number): number {
    const index = this.#start + offset;
    return index < this.#slots.length ? index : index - this.#slots.length;
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(this.#limit, this.#slots.length * 2));
    for (let i = 0; i < this.#size; i += 1) larger[i] = this.#slots[this.#index(i)]!;
    this.#slots = larger;
    this.#start = 0;
  }
}
