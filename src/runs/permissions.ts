import type { PermissionDecision } from "../agent/agent.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";

/** An agent's question that nobody answers is answered with a no after this long. */
export const PERMISSION_TIMEOUT_MS = 60_000;

export interface PermissionRequest {
  readonly request_id: string;
  readonly run_id: string;
  readonly session_id: string;
  readonly title: string;
  readonly options: readonly PermissionDecision[];
}

interface Pending {
  readonly request: PermissionRequest;
  readonly settle: (decision: PermissionDecision) => void;
}

/** Somebody who can be asked. */
export interface PermissionListener {
  /** The one run that it is there for; null while that has not begun; absent: all of them. */
  readonly run_id?: string | null;
  asked(request: PermissionRequest): void;
  /** The question has been answered, by whoever, or withdrawn: `deny` then. */
  settled(request: PermissionRequest, decision: PermissionDecision): void;
}

/** Agents' questions on their way to a person, and the decisions on their way back. */
export class Permissions {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Set<PermissionListener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells `listener` of every question from now on. Returns what ends that. */
  subscribe(listener: PermissionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Questions that wait for an answer, oldest first: for those who come back within the minute. */
  pending(): readonly PermissionRequest[] {
    return [...this.#pending.values()].map(({ request }) => request);
  }

  /**
   * Asks whoever listens. `decide` is called exactly once: at once with `deny` when nobody is there to be asked, unless
   * somebody is to be waited for.
   */
  ask(
    question: Omit<PermissionRequest, "request_id">,
    decide: (decision: PermissionDecision) => void,
    { waits = false }: { readonly waits?: boolean } = {},
  ): void {
    if (!waits && !this.#heard(question.run_id)) {
      decide("deny");
      return;
    }
    const request = { ...question, request_id: newId(this.#clock.now()) };
    const timer = this.#clock.after(PERMISSION_TIMEOUT_MS, () => settle("deny"));
    const settle = (decision: PermissionDecision) => {
      if (!this.#pending.delete(request.request_id)) return;
      timer.cancel();
      decide(decision);
      for (const listener of this.#listeners) listener.settled(request, decision);
    };
    this.#pending.set(request.request_id, { request, settle });
    for (const listener of this.#listeners) listener.asked(request);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Whether somebody is there to be asked about a run. */
  #heard(run_id: string): boolean {
    return [...this.#listeners].some((listener) => (listener.run_id ?? run_id) === run_id);
  }

  /** A person's decision. False when the question is unknown, answered or too old, or does not offer that decision. */
  answer(request_id: string, decision: PermissionDecision): boolean {
    const pending = this.#pending.get(request_id);
    if (!pending) return false;
    if (decision !== "deny" && !pending.request.options.includes(decision)) return false;
    pending.settle(decision);
    return true;
  }

  /** Answers every open question of a run with a no: it has ended or was cancelled. */
  withdraw(run_id: string): void {
    for (const { request, settle } of [...this.#pending.values()]) if (request.run_id === run_id) settle("deny");
  }
}
