import type { Feed } from "../observe/feed.ts";

/** The topics of the feed; `session:<id>` is not one of them. */
export const FEED_TOPICS = ["events", "runs", "devices"] as const;
export type FeedTopic = (typeof FEED_TOPICS)[number];

export interface FeedReader {
  /** Takes a frame as JSON. Does not throw. */
  sendText(json: string): void;
}

/** Who wants which news. Listens to the feed only while somebody does. */
export class Board {
  readonly #feed: Pick<Feed, "subscribe">;
  readonly #readers: Readonly<Record<string, Set<FeedReader>>>;
  #end: (() => void) | null = null;

  constructor(feed: Pick<Feed, "subscribe">) {
    this.#feed = feed;
    this.#readers = Object.fromEntries(FEED_TOPICS.map((topic) => [topic, new Set<FeedReader>()]));
  }

  add(topic: FeedTopic, reader: FeedReader): void {
    this.#readers[topic]?.add(reader);
    this.#end ??= this.#feed.subscribe(({ frame }) => {
      const readers = this.#readers[frame.topic];
      if (!readers?.size) return;
      const json = JSON.stringify(frame);
      for (const one of [...readers]) one.sendText(json);
    });
  }

  remove(topic: FeedTopic, reader: FeedReader): void {
    this.#readers[topic]?.delete(reader);
    if (Object.values(this.#readers).some((readers) => readers.size > 0)) return;
    this.#end?.();
    this.#end = null;
  }
}
