import { FEED_TOPICS, type FeedTopic } from "./board.ts";
import type { Connection } from "./connection.ts";

const SESSION = "session:";

/** What one socket is subscribed to: topics of the feed, and sessions. */
export class Topics {
  readonly #connection: Connection;
  readonly #list = new Set<string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** In the order in which they were added. */
  list(): readonly string[] {
    return [...this.#list];
  }

  addFeed(topic: FeedTopic): void {
    if (this.#connection.closed) return;
    this.#list.add(topic);
    this.#connection.hub.board.add(topic, this.#connection);
  }

  /** Follows a session after `after`; `live` is called once the reader has caught up. */
  follow(session_id: string, after: number, live?: () => void): void {
    this.#list.add(sessionTopic(session_id));
    this.#connection.sessions.follow(session_id, after, live);
  }

  remove(topic: string): void {
    if (!this.#list.delete(topic)) return;
    const session_id = sessionOf(topic);
    if (session_id !== null) this.#connection.sessions.unfollow(session_id);
    else if (isFeedTopic(topic)) this.#connection.hub.board.remove(topic, this.#connection);
  }

  /** A session that was read is gone. */
  removed(session_id: string): void {
    if (!this.#list.delete(sessionTopic(session_id))) return;
    const detail = `The session "${session_id}" was removed; nothing more comes from it.`;
    this.#connection.send({ type: "error", code: "not_found", detail, session_id });
  }

  stop(): void {
    for (const topic of this.#list) this.remove(topic);
  }
}

export function isFeedTopic(topic: string): topic is FeedTopic {
  return FEED_TOPICS.some((known) => known === topic);
}

export function sessionTopic(session_id: string): string {
  return `${SESSION}${session_id}`;
}

/** The session of a `session:<id>` topic; null for others. */
export function sessionOf(topic: string): string | null {
  return topic.startsWith(SESSION) ? topic.slice(SESSION.length) : null;
}
