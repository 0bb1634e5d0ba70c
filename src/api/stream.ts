import type { SseEvent } from "../http/sse.ts";
import type { Feed, FeedItem } from "../observe/feed.ts";
import type { Handler } from "./context.ts";
import { type EventStreamParts, eventStream } from "./event-stream.ts";
import type { ApiParts } from "./parts.ts";

/** Items kept for a reader that is behind; past that it is told that it has missed some. */
const MAX_BEHIND = 1_000;

/** GET /api/stream: what happens, as server-sent events; goes on after `Last-Event-ID`. */
export function stream(parts: EventStreamParts & Pick<ApiParts, "feed" | "closing">): Handler {
  return (context) => {
    const lastId = context.request.headers.get("last-event-id") ?? context.query("last_event_id");
    return eventStream(context, parts, (signal) =>
      follow(parts.feed, lastId, AbortSignal.any([signal, parts.closing])),
    );
  };
}

async function* follow(feed: Feed, lastId: string | null, signal: AbortSignal): AsyncGenerator<SseEvent> {
  const queue: FeedItem[] = [];
  let missed = false;
  let wake = () => {};
  const end = feed.subscribe((item) => {
    if (queue.length >= MAX_BEHIND) {
      queue.length = 0;
      missed = true;
    }
    queue.push(item);
    wake();
  });
  signal.addEventListener("abort", () => wake(), { once: true });
  try {
    const earlier = lastId === null ? [] : feed.after(lastId);
    if (earlier === null) yield gap("the place you left is not kept any more");
    for (const item of earlier ?? []) yield toEvent(feed, item);
    while (!signal.aborted) {
      if (missed) {
        missed = false;
        yield gap("you read too slowly");
      }
      const item = queue.shift();
      if (item) yield toEvent(feed, item);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
  }
}

function toEvent(feed: Feed, item: FeedItem): SseEvent {
  return { event: item.frame.type, id: feed.idOf(item), data: JSON.stringify(item.frame) };
}

/** Tells a reader to load the lists again. */
function gap(reason: string): SseEvent {
  return {
    event: "gap",
    data: JSON.stringify({ type: "gap", detail: `Some items are missing: ${reason}. Load the lists again.` }),
  };
}
