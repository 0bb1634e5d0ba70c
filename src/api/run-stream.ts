import type { Answer } from "../http/answer.ts";
import type { SseEvent } from "../http/sse.ts";
import { isTerminal } from "../protocol/frames.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { SessionStream } from "../sessions/stream.ts";
import { type Streams, terminalFrame } from "../sessions/streams.ts";
import type { Context } from "./context.ts";
import { type EventStreamParts, eventStream } from "./event-stream.ts";
import type { ApiParts } from "./parts.ts";
import { type PermissionEvents, withPermissions } from "./permission-events.ts";

/** What is needed to follow a run. */
export interface FollowedRun {
  readonly run_id: string;
  readonly session_id: string;
  /** Frames with a greater `seq` are wanted; null: from here on. */
  readonly after: number | null;
  /** Looked up once its session is read, for a run that may have ended. Absent: it has not. */
  readonly row?: () => Promise<StoredRun | null>;
  /** The agent's questions, among the frames. */
  readonly permissions?: PermissionEvents | null;
}

type StreamParts = EventStreamParts & Pick<ApiParts, "streams">;

/** The frames of one run as server-sent events: `event:` the type, `data:` the frame, `id:` the seq. Ends with the run. */
export function runStream(
  context: Context,
  parts: StreamParts,
  run: FollowedRun,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const location = { Location: `/api/runs/${run.run_id}` };
  const events = (signal: AbortSignal) => {
    const frames = framesOf(run, parts.streams, signal);
    return run.permissions ? withPermissions(frames, run.permissions, signal) : frames;
  };
  return eventStream(context, parts, events, { ...location, ...headers });
}

/** A run's frames after `place`, or without one from its beginning; of one that has ended just its end, which says everything. */
export function runAfter(runs: ApiParts["runs"], run: StoredRun, place: number | null): FollowedRun {
  const { run_id, session_id, seq } = run;
  const after = place ?? runs.handle(run_id)?.after ?? (seq === null ? null : seq - 1);
  return { run_id, session_id, after, row: () => runs.get(run_id) };
}

/** Whether the answer is wanted as server-sent events. */
export function acceptsStream({ request }: Context): boolean {
  return (request.headers.get("accept") ?? "").includes("text/event-stream");
}

async function* framesOf(run: FollowedRun, streams: Streams, signal: AbortSignal): AsyncGenerator<SseEvent> {
  const stream = await streams.acquire(run.session_id);
  try {
    // Numbers that were never given out are no place to wait at.
    const after = run.after === null ? stream.latest : Math.min(run.after, stream.last);
    // Only now: what ends after this look is above `after`, so it cannot be missed.
    const row = run.row ? await run.row() : undefined;
    if (row === null) return; // removed meanwhile, with its session
    if (row === undefined || row.seq === null) yield* liveFrames(run, stream, after, signal);
    else yield* endedFrames(row, stream, after, signal);
  } finally {
    streams.release(run.session_id);
  }
}

async function* liveFrames(
  { run_id, permissions }: FollowedRun,
  stream: SessionStream,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<SseEvent> {
  permissions?.among(() => stream.latest);
  const caughtUp = () => permissions?.passed(stream.latest);
  yield* ownFrames(run_id, stream, after, signal, caughtUp);
}

/** What memory still has of a run that has ended, then its end, which is on disk. */
async function* endedFrames(
  row: StoredRun,
  stream: SessionStream,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<SseEvent> {
  const caughtUp = new AbortController();
  const both = AbortSignal.any([signal, caughtUp.signal]);
  for await (const event of ownFrames(row.run_id, stream, after, both, () => caughtUp.abort())) {
    if (event.id === String(row.seq)) break;
    yield event;
  }
  if (signal.aborted) return;
  const frame = terminalFrame(row);
  yield { event: frame.type, id: String(frame.seq), data: JSON.stringify(frame) };
}

async function* ownFrames(
  run_id: string,
  stream: SessionStream,
  after: number,
  signal: AbortSignal,
  caughtUp?: () => void,
): AsyncGenerator<SseEvent> {
  for await (const { frame, json } of stream.read(after, signal, caughtUp)) {
    if (!("run_id" in frame) || frame.run_id !== run_id) continue;
    yield { event: frame.type, id: String(frame.seq), data: json };
    if (isTerminal(frame)) return;
  }
}
