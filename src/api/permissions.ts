import { type Answer, json } from "../http/answer.ts";
import type { Problem } from "../protocol/problem.ts";
import { askedOf } from "../runs/asked.ts";
import type { Permissions } from "../runs/permissions.ts";
import { bodyAs, type Handler, notFound, principalOf } from "./context.ts";
import type { ApiParts } from "./parts.ts";

export interface PermissionParts extends Pick<ApiParts, "access"> {
  readonly permissions: Permissions;
}

/** GET /api/permissions: the questions of agents that wait for an answer, oldest first. */
export function listPermissions(parts: PermissionParts): Handler {
  return async (context): Promise<Answer> => {
    const principal = principalOf(context);
    const pending = parts.permissions.pending();
    const seen = await Promise.all(pending.map((request) => parts.access.hears(principal, request.session_id)));
    return json({ permissions: pending.filter((_, i) => seen[i]) });
  };
}

/** POST /api/permissions/{id}: a person's answer. The first one counts; `deny` may always be given. */
export function answerPermission(parts: PermissionParts): Handler {
  return async (context): Promise<Answer> => {
    const { decision } = await bodyAs(context, "permission_answer");
    const id = context.params["id"] ?? "";
    const request = await askedOf(parts, principalOf(context), id, decision);
    if (request === null) throw gone();
    const { request_id, run_id } = request;
    if (!parts.permissions.answer(request_id, decision)) throw gone();
    return json({ request_id, run_id, decision });
  };
}

function gone(): Problem {
  return notFound("Cannot answer the permission request: it was answered, or is older than a minute.");
}
