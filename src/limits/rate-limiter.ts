import { type Links, RecencyList } from "./recency-list.ts";
import { SlidingWindow } from "./sliding-window.ts";

export interface RateLimiterOptions {
  /** Hits that one key may make in a window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Keys that have a window of their own. Known keys have one beyond this number too. */
  readonly maxKeys: number;
}

/** How a key stands: for the headers of an answer. */
export interface Standing {
  readonly remaining: number;
  /** Milliseconds until `remaining` rises; 0 when nothing is used. */
  readonly resetMs: number;
}

/**
 * An exact sliding window for each key, in bounded memory. A window is forgotten only when it is idle (all its hits have
 * left it), which changes no decision. When `maxKeys` windows are busy, strangers that have none share one: a flood of
 * addresses can neither push out a busy window nor get past the limit, and devices are not touched by it.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #tracked = new Map<string, Tracked>();
  /** By their newest hit: the stalest is always the first to be idle, so nothing is ever scanned. */
  readonly #order = new RecencyList<Tracked>();
  readonly #shared: SlidingWindow;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#shared = new SlidingWindow(options.limit, options.windowMs);
  }

  /** How many keys have a window of their own. */
  get size(): number {
    return this.#tracked.size;
  }

  /**
   * Counts a hit of `key` at `nowMs` (monotonic). `known`: a device's, which always has its own window. Returns how many
   * more hits are allowed (0 or more), or minus the whole milliseconds to wait (below 0).
   */
  hit(key: string, known: boolean, nowMs: number): number {
    const tracked = this.#tracked.get(key) ?? this.#admit(key, known, nowMs);
    if (tracked === null) return this.#shared.hit(nowMs);
    const remaining = tracked.hit(nowMs);
    if (remaining >= 0) this.#order.touch(tracked);
    return remaining;
  }

  /** How `key` stands at `nowMs`, without counting anything. */
  peek(key: string, nowMs: number): Standing {
    const window = this.#tracked.get(key) ?? (this.#hasRoom(nowMs) ? null : this.#shared);
    if (window === null) return { remaining: this.#options.limit, resetMs: 0 };
    return { remaining: window.remaining(nowMs), resetMs: window.resetMs(nowMs) };
  }

  /** A window for a new key; null when it is a stranger and all windows are busy. */
  #admit(key: string, known: boolean, nowMs: number): Tracked | null {
    if (!this.#hasRoom(nowMs) && !known) return null;
    const tracked = new Tracked(key, this.#options);
    this.#tracked.set(key, tracked);
    this.#order.add(tracked);
    return tracked;
  }

  /**
   * Forgets idle windows, as many as make room, else two, and says whether there is room. Two for each key that comes
   * let memory shrink back after a rush, and no call pays for all of it.
   */
  #hasRoom(nowMs: number): boolean {
    for (let count = 0; count < 2 || this.#tracked.size >= this.#options.maxKeys; count += 1) {
      const stalest = this.#order.stalest;
      if (stalest === null || !stalest.idle(nowMs)) break;
      this.#order.remove(stalest);
      this.#tracked.delete(stalest.key);
    }
    return this.#tracked.size < this.#options.maxKeys;
  }
}

class Tracked extends SlidingWindow implements Links<Tracked> {
  readonly key: string;
  staler: Tracked | null = null;
  fresher: Tracked | null = null;

  constructor(key: string, { limit, windowMs }: RateLimiterOptions) {
    super(limit, windowMs);
    this.key = key;
  }
}
