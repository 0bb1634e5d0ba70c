import { json } from "../http/answer.ts";
import { Problem } from "../protocol/problem.ts";
import type { Handler } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** GET /health: 200 `{"status":"ok"}`, or 503 while the gateway drains or its store cannot write. Nothing else is told. */
export function health({ unhealthy }: Pick<ApiParts, "unhealthy">): Handler {
  const ok = json({ status: "ok" });
  return () => {
    const fault = unhealthy();
    if (fault === null) return ok;
    throw new Problem(fault === "draining" ? "shutting_down" : "store_unavailable", { retryAfter: 5 });
  };
}
