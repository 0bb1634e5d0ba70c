import type { Answer } from "../http/answer.ts";
import type { SseEvent } from "../http/sse.ts";
import { isTerminal } from "../protocol/frames.ts";
import type { RunHandle } from "../runs/runs.ts";
import type { Streams } from "../sessions/streams.ts";
import type { Context } from "./context.ts";
import { type EventStreamParts, eventStream } from "./event-stream.ts";
import type { ApiParts } from "./parts.ts";

/** What a run says, as far as it is needed to follow it. */
export type FollowedRun = Pick<RunHandle, "run_id" | "session_id" | "after">;

/** The frames of one run as server-sent events: `event:` the type, `data:` the frame, `id:` the seq. Ends with the run. */
export function runStream(
  context: Context,
  parts: EventStreamParts & Pick<ApiParts, "streams">,
  run: FollowedRun,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const location = { Location: `/api/runs/${run.run_id}` };
  return eventStream(context, parts, (signal) => framesOf(run, parts.streams, signal), { ...location, ...headers });
}

async function* framesOf(run: FollowedRun, streams: Streams, signal: AbortSignal): AsyncGenerator<SseEvent> {
  const stream = await streams.acquire(run.session_id);
  try {
    for await (const { frame, json } of stream.read(run.after, signal)) {
      if (!("run_id" in frame) || frame.run_id !== run.run_id) continue;
      yield { event: frame.type, id: String(frame.seq), data: json };
      if (isTerminal(frame)) return;
    }
  } finally {
    streams.release(run.session_id);
  }
}
