import { Problem } from "../protocol/problem.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";
import { sessionTopic } from "./topic-list.ts";
import { checkCount, checkSession, withStream } from "./topics.ts";

/** `resume`: what a session said after `after`, then `subscribed`, then what it says from now on. */
export async function onResume(connection: Connection, frame: FrameOf<"resume">): Promise<void> {
  const { session_id, after } = frame;
  const principal = connection.authenticated();
  await checkSession(connection.parts, principal, session_id);
  const last = await withStream(connection.parts, session_id, (stream) => stream.last);
  if (after > last) {
    throw new Problem("bad_field", {
      detail: `"after" is ${after}, but the last frame of the session is at most ${last}: it may have been removed and made anew. Resume after 0.`,
    });
  }
  checkCount(connection, [sessionTopic(session_id)]);
  connection.topics.follow(session_id, after, () => {
    connection.send({ type: "subscribed", topics: connection.topics.list() }, frame.id);
  });
}
