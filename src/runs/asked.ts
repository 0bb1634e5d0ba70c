import type { PermissionDecision } from "../agent/agent.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { SessionAccess } from "./access.ts";
import type { PermissionRequest, Permissions } from "./permissions.ts";

export interface AskedParts {
  readonly permissions: Permissions;
  readonly access: SessionAccess;
}

/**
 * The question that a person decides; null when it waits no more, or is not the principal's to hear.
 * @throws Problem bad_field when the question does not offer that decision
 */
export async function askedOf(
  { permissions, access }: AskedParts,
  principal: Principal,
  request_id: string,
  decision: PermissionDecision,
): Promise<PermissionRequest | null> {
  const request = permissions.pending().find((pending) => pending.request_id === request_id);
  if (!request || !(await access.hears(principal, request.session_id))) return null;
  if (decision !== "deny" && !request.options.includes(decision)) {
    throw new Problem("bad_field", {
      detail: `"decision" must be one of ${[...new Set([...request.options, "deny"])].join(", ")} here.`,
    });
  }
  return request;
}
