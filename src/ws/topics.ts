import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { ownSession } from "../runs/access.ts";
import type { SessionStream } from "../sessions/stream.ts";
import { FEED_TOPICS } from "./board.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";
import type { HubParts } from "./parts.ts";
import { isFeedTopic, sessionOf, sessionTopic } from "./topic-list.ts";

export const MAX_TOPICS = 64;

/** `subscribe`: all of the topics, or none when one of them cannot be had. */
export async function onSubscribe(connection: Connection, frame: FrameOf<"subscribe">): Promise<void> {
  const principal = connection.authenticated();
  const asked = [...new Set(frame.topics)];
  for (const topic of asked) await checkTopic(connection.parts, principal, topic);
  checkCount(connection, asked);
  for (const topic of asked) {
    const session_id = sessionOf(topic);
    if (isFeedTopic(topic)) connection.topics.addFeed(topic);
    else if (session_id !== null && !connection.sessions.follows(session_id)) {
      const after = await withStream(connection.parts, session_id, (stream) => stream.latest);
      connection.topics.follow(session_id, after);
    }
  }
  connection.send({ type: "subscribed", topics: connection.topics.list() }, frame.id);
}

/** `unsubscribe`: topics that were not subscribed to are no mistake. */
export function onUnsubscribe(connection: Connection, frame: FrameOf<"unsubscribe">): void {
  connection.authenticated();
  for (const topic of frame.topics) if (!isFeedTopic(topic) && sessionOf(topic) === null) throw unknownTopic(topic);
  for (const topic of frame.topics) connection.topics.remove(topic);
  connection.send({ type: "subscribed", topics: connection.topics.list() }, frame.id);
}

/** A session that the principal may follow. Its own is there before its first message is. @throws Problem not_found */
export async function checkSession(parts: HubParts, principal: Principal, session_id: string): Promise<void> {
  if (principal.scope !== "ingest" && session_id === ownSession(principal)) return;
  if (await parts.access.find(principal, session_id)) return;
  throw new Problem("not_found", {
    detail: `Cannot find the session ${JSON.stringify(session_id.slice(0, 128))}: there is none of that name that this token may see.`,
  });
}

/** @throws Problem bad_field when the socket would have more than 64 topics */
export function checkCount(connection: Connection, added: readonly string[]): void {
  if (new Set([...connection.topics.list(), ...added]).size <= MAX_TOPICS) return;
  throw new Problem("bad_field", {
    detail: `A socket has at most ${MAX_TOPICS} topics, followed sessions included. Unsubscribe from some first.`,
  });
}

export async function withStream<T>(
  { streams }: HubParts,
  session_id: string,
  look: (stream: SessionStream) => T,
): Promise<T> {
  const stream = await streams.acquire(session_id);
  try {
    return look(stream);
  } finally {
    streams.release(session_id);
  }
}

async function checkTopic(parts: HubParts, principal: Principal, topic: string): Promise<void> {
  const session_id = sessionOf(topic);
  if (session_id !== null) return checkSession(parts, principal, session_id);
  if (!isFeedTopic(topic)) throw unknownTopic(topic);
  if (principal.scope === "owner") return;
  throw new Problem("forbidden_scope", {
    detail: `The topic "${topic}" needs a token with the scope "owner"; this token's is "${principal.scope}". Follow your own sessions with ${sessionTopic("<id>")}.`,
  });
}

function unknownTopic(topic: string): Problem {
  return new Problem("bad_field", {
    detail: `"topics" has the unknown topic ${JSON.stringify(topic.slice(0, 60))}. Known are ${FEED_TOPICS.join(", ")} and session:<id>.`,
  });
}
