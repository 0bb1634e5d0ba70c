import { timeOfId } from "../lib/ids.ts";
import { Problem } from "../protocol/problem.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { IdempotencyRecord } from "../store/store.ts";
import type { RunHandle, RunRequest, Runs } from "./runs.ts";

/** What this needs of `limits/idempotency.ts`. */
export interface Keys {
  begin(scope: string, key: string, fingerprint: string): Promise<KeyState>;
  /** The answer that the key is given from now on; already on disk. */
  complete(record: IdempotencyRecord): void;
  /** The attempt failed: the key is free again. With `only`, unless it leads to another answer by now. */
  release(scope: string, key: string, only?: IdempotencyRecord): Promise<void>;
}

export type KeyState =
  | { readonly kind: "new" }
  | { readonly kind: "in_flight" }
  | { readonly kind: "mismatch" }
  | { readonly kind: "replay"; readonly record: IdempotencyRecord };

export interface RunKey {
  /** Device and route: one client cannot see another's answers. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of what was sent, lower-case hex. */
  readonly fingerprint: string;
}

export type KeyedRun =
  | {
      readonly kind: "started";
      readonly handle: RunHandle;
      /** Says that the client got 202: from now on the key answers with the run's state instead of 409. */
      readonly answered: () => void;
    }
  | { readonly kind: "replayed"; readonly run: StoredRun };

/**
 * Starts a run at most once a key. A key whose run failed or was cancelled is free; one whose run was cut off by a crash
 * leads to that run, which goes on.
 * @throws Problem idempotency_in_flight, idempotency_mismatch, and what `runs.start` throws
 */
export async function startKeyed(runs: Runs, keys: Keys, request: RunRequest, key: RunKey | null): Promise<KeyedRun> {
  if (!key) return { kind: "started", handle: await runs.start(request), answered: () => undefined };
  const state = await keys.begin(key.scope, key.key, key.fingerprint);
  if (state.kind === "mismatch") throw mismatch(key.key);
  if (state.kind === "in_flight") throw inFlight(key.key);
  if (state.kind === "replay") {
    const run = state.record.run_id === null ? null : await runs.get(state.record.run_id);
    if (run && run.state !== "failed" && run.state !== "cancelled") return { kind: "replayed", run };
    await keys.release(key.scope, key.key, state.record);
    return startKeyed(runs, keys, request, key);
  }
  return start(runs, keys, request, key);
}

async function start(runs: Runs, keys: Keys, request: RunRequest, key: RunKey): Promise<KeyedRun> {
  let handle: RunHandle;
  try {
    handle = await runs.start({ ...request, key });
  } catch (error) {
    await keys.release(key.scope, key.key).catch(() => undefined); // why the run did not start is what the caller must hear
    throw error;
  }
  const created_at = timeOfId(handle.run_id);
  const record = { ...key, run_id: handle.run_id, status: 0, body: "", created_at };
  void handle.ended.then(async (frame) => {
    if (frame.type === "response") keys.complete(record);
    else await keys.release(key.scope, key.key).catch(() => undefined); // a key left behind leads to a failed run, which frees it
  });
  return { kind: "started", handle, answered: () => keys.complete(record) };
}

export function inFlight(key: string): Problem {
  return new Problem("idempotency_in_flight", {
    detail: `A request with the key "${key}" is still running. Ask again in a moment; the answer will be the same.`,
    retryAfter: 1,
  });
}

export function mismatch(key: string): Problem {
  return new Problem("idempotency_mismatch", {
    detail: `The key "${key}" was used with another body. Use a new key for a new request.`,
  });
}
