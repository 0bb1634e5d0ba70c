import { Problem } from "../protocol/problem.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";

/** `cancel`: ends a run of this device (an owner: of any). The answer is the run's terminal frame. */
export async function onCancel(connection: Connection, frame: FrameOf<"cancel">): Promise<void> {
  const { parts, hub, sessions } = connection;
  const principal = connection.authenticated();
  if (frame.run_id === undefined && cancelWaiting(connection, frame.id)) return;
  const run_id = frame.run_id ?? (frame.id === undefined ? undefined : hub.ids.runOf(principal.device_id, frame.id));
  if (run_id === undefined) throw notFound(frame.id);
  const run = await parts.runs.get(run_id);
  if (!run || (principal.scope !== "owner" && run.device_id !== principal.device_id)) throw notFound(frame.id);
  const handle = parts.runs.handle(run_id);
  if (!handle || !parts.runs.cancel(run_id)) {
    throw new Problem("run_ended", { detail: `The run has ended already: it is ${run.state}.` });
  }
  sessions.awaitEnd(handle, frame.id);
}

/** A message that has not become a run yet is answered as cancelled when its turn comes. */
function cancelWaiting({ tickets }: Connection, id: string | undefined): boolean {
  if (id === undefined) throw new Problem("bad_field", { detail: '"cancel" needs a "run_id" or a message\'s "id".' });
  let found = false;
  for (const ticket of tickets) {
    if (ticket.id !== id) continue;
    ticket.cancelled = true;
    found = true;
  }
  return found;
}

function notFound(id: string | undefined): Problem {
  const what = id === undefined ? "that run_id" : `the id ${JSON.stringify(id)}`;
  return new Problem("not_found", { detail: `Cannot find a run with ${what} that this token may cancel.` });
}
