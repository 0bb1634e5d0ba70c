import { seeded } from "./seeded.ts";

/**
 * What a provider does wrong. `error`: 500 and nothing done. `throttle`: refused with its own way of saying "later", nothing
 * done. `hang`: no answer for a while, then a cut connection, nothing done. `cut-before`: the connection ends and nothing was
 * done. `cut-after`: it was done, and the connection ends without an answer.
 */
export const FAULTS = ["error", "throttle", "hang", "cut-before", "cut-after"] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultPlan {
  readonly seed: number;
  /** The share of items whose first attempt suffers each fault. */
  readonly rates: Readonly<Partial<Record<Fault, number>>>;
}

/** Decides which attempt fails and how: by order, else by seed, and then only the first attempt at an item. */
export class Faults {
  readonly #plan: FaultPlan;
  readonly #ordered: Fault[] = [];
  readonly #met = new Set<string>();

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** The next attempts fail like this, whatever they are about. */
  order(faults: readonly Fault[]): void {
    this.#ordered.push(...faults);
  }

  /** `key` names the item; the same seed and key fail the same way, in whatever order items come. */
  next(key: string): Fault | null {
    const first = !this.#met.has(key);
    this.#met.add(key);
    const ordered = this.#ordered.shift();
    if (ordered !== undefined) return ordered;
    return first ? this.#drawn(key) : null;
  }

  #drawn(key: string): Fault | null {
    let draw = seeded(Bun.hash.crc32(key) ^ this.#plan.seed)();
    for (const fault of FAULTS) {
      draw -= this.#plan.rates[fault] ?? 0;
      if (draw < 0) return fault;
    }
    return null;
  }
}

export function isFault(value: unknown): value is Fault {
  return FAULTS.some((fault) => fault === value);
}
