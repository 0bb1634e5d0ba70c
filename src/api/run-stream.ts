import type { Answer } from "../http/answer.ts";
import { type SseEvent, sseStream } from "../http/sse.ts";
import type { Clock } from "../lib/clock.ts";
import { isTerminal } from "../protocol/frames.ts";
import type { RunHandle } from "../runs/runs.ts";
import type { Streams } from "../sessions/streams.ts";

/** The frames of one run as server-sent events: `event:` the type, `data:` the frame, `id:` the seq. Ends with the run. */
export function runStream(handle: RunHandle, streams: Streams, clock: Clock): Answer {
  return {
    status: 200,
    type: "text/event-stream; charset=utf-8",
    headers: { "X-Accel-Buffering": "no", Location: `/api/runs/${handle.run_id}` },
    body: sseStream((signal) => framesOf(handle, streams, signal), clock),
  };
}

async function* framesOf(handle: RunHandle, streams: Streams, signal: AbortSignal): AsyncGenerator<SseEvent> {
  const stream = await streams.acquire(handle.session_id);
  try {
    for await (const { frame, json } of stream.read(handle.after, signal)) {
      if (!("run_id" in frame) || frame.run_id !== handle.run_id) continue;
      yield { event: frame.type, id: String(frame.seq), data: json };
      if (isTerminal(frame)) return;
    }
  } finally {
    streams.release(handle.session_id);
  }
}
