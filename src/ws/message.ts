import { sha256Hex } from "../lib/hash.ts";
import { covers, type Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { Place } from "../runs/access.ts";
import { inFlight, type KeyedRun, startKeyed } from "../runs/keyed.ts";
import type { RunRequest } from "../runs/runs.ts";
import { terminalFrame } from "../sessions/streams.ts";
import { identify } from "./auth.ts";
import type { Connection, Ticket } from "./connection.ts";
import type { FrameOf } from "./frames.ts";
import { withId } from "./replies.ts";

/** `message`: starts a run; its frames come from the session's stream. The first one of a socket may bring the token. */
export async function onMessage(
  connection: Connection,
  frame: FrameOf<"message">,
  ticket: Ticket | null,
): Promise<void> {
  const { parts, sessions } = connection;
  if (frame.token !== undefined) identify(connection, frame.token, false);
  const principal = connection.authenticated();
  connection.limited(parts.allow(principal, connection.client));
  checkSender(principal, frame);
  const place = await parts.access.forMessage(principal, frame.session_id);
  if (ticket?.cancelled) throw cancelled();
  const replayed = await sessions.started(place.session_id, async (track) => {
    const keyed = await start(connection, principal, place, frame);
    if (keyed.kind === "replayed") return keyed.run;
    const { handle } = keyed;
    if (frame.id !== undefined) connection.hub.ids.add(principal.device_id, frame.id, handle);
    track(handle, { id: frame.id, stream: frame.stream ?? false });
    if (ticket?.cancelled) parts.runs.cancel(handle.run_id);
    return null;
  });
  if (replayed) replay(connection, replayed, frame.id);
}

function checkSender({ scope }: Principal, { content }: FrameOf<"message">): void {
  if (!covers(scope, "chat")) {
    throw new Problem("forbidden_scope", {
      detail: `Sending messages needs a token with the scope "chat"; this token's is "${scope}". Pair again with a code of that scope: zeroclaw gateway get-paircode --new --scope chat`,
    });
  }
  if (content.trim() === "") throw new Problem("bad_field", { detail: '"content" is empty: say something.' });
}

async function start(
  { parts }: Connection,
  principal: Principal,
  place: Place,
  { id, content, steer = false }: FrameOf<"message">,
): Promise<KeyedRun> {
  const request: RunRequest = { ...place, origin: "websocket", text: content, steer };
  if (id === undefined || !parts.keys) {
    return { kind: "started", handle: await parts.runs.start(request), answered: () => undefined };
  }
  const fingerprint = sha256Hex(JSON.stringify([content, place.session_id]));
  return startKeyed(parts.runs, parts.keys, request, { scope: `ws:${principal.device_id}`, key: id, fingerprint });
}

/** The same answer again. @throws Problem idempotency_in_flight while there is none */
function replay(connection: Connection, run: StoredRun, id: string | undefined): void {
  if (run.state !== "done") throw inFlight(id ?? "");
  connection.sendText(withId(JSON.stringify(terminalFrame(run)), id));
}

function cancelled(): Problem {
  return new Problem("cancelled", { detail: "The message was cancelled before it became a run." });
}
