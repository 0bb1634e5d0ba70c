import type { Clock } from "../lib/clock.ts";
import { rfc3339 } from "../lib/time.ts";
import type { TopicFrame } from "../protocol/frames.ts";

const KEPT = 1_000;

/** What `idOf` gives and nothing else: Number alone takes 1.5, 1e3 and blanks. */
const ITEM_ID = /^([0-9a-z]+)\.(\d{1,15})$/;

const TOPICS = { event: "events", run: "runs", device: "devices" } as const;

export interface FeedItem {
  /** Rises by one; unique together with the feed's epoch. */
  readonly number: number;
  readonly frame: TopicFrame;
}

export type FeedListener = (item: FeedItem) => void;

/** What happens in the gateway, for `/api/stream` and socket subscribers. The latest items are kept for those who come back. */
export class Feed {
  /** Names this life of the process: numbers of another one mean nothing. */
  readonly epoch: string;
  readonly #clock: Clock;
  readonly #items: FeedItem[] = [];
  readonly #listeners = new Set<FeedListener>();
  readonly #report: (error: unknown) => void;
  #number = 0;

  /** `report` is told of listeners that throw: nobody else's news, and nobody's run, ends with them. */
  constructor(clock: Clock, report: (error: unknown) => void = () => undefined) {
    this.#clock = clock;
    this.#report = report;
    this.epoch = clock.now().toString(36);
  }

  emit(type: TopicFrame["type"], data: unknown): void {
    this.#number += 1;
    const frame: TopicFrame = { type, topic: TOPICS[type], at: rfc3339(this.#clock.now()), data };
    const item = { number: this.#number, frame };
    this.#items.push(item);
    // Twice the size before cutting, so that an item costs amortised constant time.
    if (this.#items.length >= 2 * KEPT) this.#items.splice(0, KEPT);
    for (const listener of this.#listeners) {
      try {
        listener(item);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** Those who listen now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Calls `listener` for every item from now on. Returns what ends that. */
  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The id of an item on the wire. */
  idOf(item: FeedItem): string {
    return `${this.epoch}.${item.number}`;
  }

  /** The items after the one with this id; null when that place is not kept any more and the reader has missed some. */
  after(id: string): readonly FeedItem[] | null {
    const [, epoch, digits] = ITEM_ID.exec(id) ?? [];
    const number = Number(digits);
    if (epoch !== this.epoch || number > this.#number) return null;
    const first = this.#items[0]?.number ?? this.#number + 1;
    if (number + 1 < first) return null;
    return this.#items.slice(number + 1 - first);
  }
}
