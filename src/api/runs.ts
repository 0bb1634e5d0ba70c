import { type Answer, json } from "../http/answer.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { runRow } from "../protocol/rows.ts";
import type { StoredRun } from "../protocol/run.ts";
import { type Context, type Handler, notFound, principalOf } from "./context.ts";
import type { ApiParts } from "./parts.ts";
import { within } from "./wait.ts";

/** Cancelling is quick; an agent that does not stop is left behind after this. */
const CANCEL_WAIT_MS = 5_000;

/** GET /api/runs/{id}: state and answer. */
export function getRun({ runs }: Pick<ApiParts, "runs">): Handler {
  return async (context): Promise<Answer> => json(runRow(await find(runs, context)));
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
