import { isObject } from "../../lib/json.ts";
import type { AgentEvent, PermissionDecision } from "../agent.ts";
import { label } from "./updates.ts";

/** An agent's question, of which only the options' kinds count: what they are called is the agent's to choose. */
export interface PermissionQuestion {
  readonly sessionId: string;
  readonly title: string;
  /** The first option of each kind that decides so. */
  readonly optionIds: Readonly<Partial<Record<PermissionDecision, string>>>;
}

export type PermissionOutcome =
  | { readonly outcome: "selected"; readonly optionId: string }
  | { readonly outcome: "cancelled" };

export const CANCELLED: PermissionOutcome = { outcome: "cancelled" };

/** By decision, the kinds that stand for it, the better one first: a no counts for this once unless that is not on offer. */
const KINDS: readonly (readonly [PermissionDecision, readonly string[]])[] = [
  ["allow", ["allow_once"]],
  ["always", ["allow_always"]],
  ["deny", ["reject_once", "reject_always"]],
];
/** Questions of one turn that wait at the same time; the others are answered with `cancelled`. */
const MAX_OPEN = 64;

/**
 * The parameters of `session/request_permission`. Left out are options of an unknown kind, and those whose id another one has
 * as well: a no must not be read as that one's yes. @throws TypeError
 */
export function parseQuestion(params: unknown): PermissionQuestion {
  if (!isObject(params) || typeof params["sessionId"] !== "string" || !Array.isArray(params["options"])) {
    throw new TypeError("A permission request needs a sessionId and options");
  }
  const { sessionId, toolCall } = params;
  const options = params["options"].filter(isObject);
  const isUnique = (id: string) => options.filter(({ optionId }) => optionId === id).length === 1;
  const optionIds: Partial<Record<PermissionDecision, string>> = {};
  for (const [decision, kinds] of KINDS) {
    const ids = kinds.map((kind) => options.find((option) => option["kind"] === kind)?.["optionId"]);
    const id = ids.find((found): found is string => typeof found === "string" && isUnique(found));
    if (id !== undefined) optionIds[decision] = id;
  }
  const call = isObject(toolCall) ? toolCall : {};
  return { sessionId, title: label(call["title"]) || label(call["kind"]) || "Use a tool", optionIds };
}

/** The questions of one turn, on their way to whoever decides. */
export class PermissionDesk {
  readonly #emit: ((event: AgentEvent) => void) | null;
  readonly #open = new Set<(outcome: PermissionOutcome) => void>();
  #closed = false;

  /** `emit` null: nobody may be asked, every answer is a no. */
  constructor(emit: ((event: AgentEvent) => void) | null) {
    this.#emit = emit;
  }

  ask({ title, optionIds }: PermissionQuestion): Promise<PermissionOutcome> {
    if (this.#emit === null) return Promise.resolve(outcomeOf(optionIds.deny));
    if (this.#closed || this.#open.size >= MAX_OPEN) return Promise.resolve(CANCELLED);
    const emit = this.#emit;
    return new Promise((resolve) => {
      const settle = (outcome: PermissionOutcome) => {
        if (this.#open.delete(settle)) resolve(outcome);
      };
      this.#open.add(settle);
      const offered = KINDS.map(([decision]) => decision).filter((decision) => optionIds[decision] !== undefined);
      // A no is always possible: without an option for it the question is cancelled.
      const options = offered.includes("deny") ? offered : [...offered, "deny" as const];
      emit({ type: "permission", title, options, decide: (decision) => settle(outcomeOf(optionIds[decision])) });
    });
  }

  /** Answers what is open, and what is yet to come, with `cancelled`. */
  close(): void {
    this.#closed = true;
    for (const settle of this.#open) settle(CANCELLED);
  }
}

function outcomeOf(optionId: string | undefined): PermissionOutcome {
  return optionId === undefined ? CANCELLED : { outcome: "selected", optionId };
}
