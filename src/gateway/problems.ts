import { Problem } from "../protocol/problem.ts";
import { StoreUnavailable } from "../store/store.ts";

/** What a client is told about whatever was thrown. The cause stays here. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem("store_unavailable", {
      detail: "The gateway cannot write to its store right now. Nothing of this request was kept: send it again.",
      retryAfter: 5,
      cause: error,
    });
  }
  if (error instanceof Error && error.name === "ConfigReadOnly") {
    return new Problem("config_read_only", { detail: error.message, cause: error });
  }
  return new Problem("internal", {
    detail: "Something went wrong in the gateway. Its log has more under this request's id.",
    cause: error,
  });
}
