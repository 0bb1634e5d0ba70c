import { type Answer, json } from "../http/answer.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { runRow } from "../protocol/rows.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { Permissions } from "../runs/permissions.ts";
import { type Context, type Handler, notFound, principalOf } from "./context.ts";
import type { EventStreamParts } from "./event-stream.ts";
import type { ApiParts } from "./parts.ts";
import { PermissionEvents } from "./permission-events.ts";
import { acceptsStream, runAfter, runStream } from "./run-stream.ts";
import { within } from "./wait.ts";

type RunParts = EventStreamParts & Pick<ApiParts, "runs" | "streams"> & { readonly permissions: Permissions };

/** Cancelling is quick; an agent that does not stop is left behind after this. */
const CANCEL_WAIT_MS = 5_000;

/** Tells an EventSource, which comes back whenever its stream ends, that there is nothing more (WHATWG HTML §9.2). */
const NOTHING_MORE: Answer = { status: 204, body: null };

/** GET /api/runs/{id}: state and answer; or, as server-sent events, what it says after `Last-Event-ID`. */
export function getRun(parts: RunParts): Handler {
  return async (context): Promise<Answer> => {
    const run = await find(parts.runs, context);
    const followed = acceptsStream(context) && context.request.method !== "HEAD"; // HEAD has nobody who reads on
    return followed ? follow(parts, context, run) : json(runRow(run));
  };
}

function follow(parts: RunParts, context: Context, run: StoredRun): Answer {
  const place = placeOf(context);
  if (run.seq !== null && place !== null && place >= run.seq) return NOTHING_MORE;
  const asked = context.query("permissions") === "true" && run.seq === null;
  const permissions = asked ? new PermissionEvents(parts.permissions).of(run.run_id) : null;
  return runStream(context, parts, { ...runAfter(parts.runs, run, place), permissions });
}

/** The `seq` that the reader has seen; null when it begins. @throws Problem bad_field */
function placeOf(context: Context): number | null {
  const text = context.request.headers.get("last-event-id") || context.query("after") || null;
  if (text === null) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem("bad_field", {
    detail: `"Last-Event-ID" (or "after") must be the number of a frame of this run (found "${text.slice(0, 40)}").`,
  });
}

/** DELETE /api/runs/{id}: cancels it; answers with how it ended. */
export function cancelRun({ runs, clock }: Pick<ApiParts, "runs" | "clock">): Handler {
  return async (context) => {
    const run = await find(runs, context);
    const handle = runs.handle(run.run_id);
    if (!handle || !runs.cancel(run.run_id)) {
      throw new Problem("run_ended", { detail: `The run has ended already: it is ${run.state}.` });
    }
    await within(handle.ended, CANCEL_WAIT_MS, null, clock);
    return json(runRow(await find(runs, context)));
  };
}

async function find(runs: ApiParts["runs"], context: Context): Promise<StoredRun> {
  const run = await runs.get(context.params["id"] ?? "");
  if (!run || !maySee(principalOf(context), run)) throw notFound("Cannot find the run.");
  return run;
}

function maySee(principal: Principal, run: StoredRun): boolean {
  return principal.scope === "owner" || run.device_id === principal.device_id;
}
