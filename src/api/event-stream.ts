import type { Answer } from "../http/answer.ts";
import { type SseEvent, sseStream } from "../http/sse.ts";
import type { Log } from "../observe/log.ts";
import { type Context, principalOf } from "./context.ts";
import type { ApiParts } from "./parts.ts";
import { tokenEnd } from "./token-end.ts";

export type EventStreamParts = Pick<ApiParts, "devices" | "clock" | "leaving" | "log">;

/**
 * Server-sent events on a connection that is held open for as long as they go on. They end when the reader's token does:
 * who was revoked must not go on reading what it was let in for.
 */
export function eventStream(
  context: Context,
  { devices, clock, leaving, log }: EventStreamParts,
  events: (signal: AbortSignal) => AsyncIterable<SseEvent>,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { device_id } = principalOf(context);
  const revoked = tokenEnd(devices, device_id);
  context.hold(0);
  return {
    status: 200,
    type: "text/event-stream; charset=utf-8",
    headers: { "X-Accel-Buffering": "no", ...headers },
    body: sseStream(
      (signal) => noted(events(AbortSignal.any([signal, revoked.signal, leaving])), context, log),
      clock,
      () => {
        revoked.forget();
        context.letGo(); // else an idle connection would stay open for ever, and so would one whose reader has stalled
      },
    ),
  };
}

/** The client only sees its stream end, so the log must have the reason. */
async function* noted(events: AsyncIterable<SseEvent>, { request_id }: Context, log: Log): AsyncGenerator<SseEvent> {
  try {
    yield* events;
  } catch (error) {
    log.error("A stream of events ended early", { request_id, error: String(error) });
    throw error;
  }
}
