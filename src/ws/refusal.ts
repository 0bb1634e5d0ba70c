import { newId } from "../lib/ids.ts";
import { Problem, type ProblemCode, type ProblemOptions } from "../protocol/problem.ts";
import { StoreUnavailable } from "../store/store.ts";
import type { HubParts } from "./parts.ts";
import type { CloseReason } from "./socket.ts";

/** A refusal after which the socket is closed. */
export class FinalProblem extends Problem {
  readonly close: CloseReason;

  constructor(code: ProblemCode, close: CloseReason, options: ProblemOptions = {}) {
    super(code, options);
    this.close = close;
  }
}

/** What a client is told about whatever was thrown while its frame was served. The cause goes to the log alone. */
export function toProblem(error: unknown, { clock, log }: Pick<HubParts, "clock" | "log">): Problem {
  if (error instanceof Problem) {
    if (error.status >= 500)
      log.error("A frame failed", { code: error.code, error: String(error.cause ?? error.message) });
    return error;
  }
  if (error instanceof StoreUnavailable) {
    log.error("A frame failed", { code: "store_unavailable", error: error.message });
    return new Problem("store_unavailable", {
      detail: "The gateway cannot write to its store right now. Nothing of this frame was kept: send it again.",
      retryAfter: 5,
    });
  }
  const error_id = newId(clock.now());
  log.error("A frame failed", { code: "internal", error_id, error: stackOf(error) });
  return new Problem("internal", {
    detail: `Something went wrong in the gateway. Its log has more under the id ${error_id}.`,
  });
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
