import type { Devices } from "../auth/devices.ts";
import { Problem } from "../protocol/problem.ts";
import type { ApiParts } from "./parts.ts";
import { within } from "./wait.ts";

export interface TokenEnd {
  /** Aborts when the device's token ends. */
  readonly signal: AbortSignal;
  /** No longer of interest. */
  forget(): void;
}

/** Tells an answer that is still being waited for, or sent, that its reader must not have it any more. */
export function tokenEnd(devices: Pick<Devices, "onEnded">, device_id: string): TokenEnd {
  const abort = new AbortController();
  const forget = devices.onEnded((ended) => {
    if (ended === device_id) abort.abort();
  });
  return { signal: abort.signal, forget };
}

/**
 * What `work` comes to, or `late` when that takes longer than `ms` or the gateway leaves.
 * @throws Problem unauthorized when the token ends first
 */
export async function withinToken<T, L extends string | null>(
  { devices, clock, leaving }: Pick<ApiParts, "devices" | "clock" | "leaving">,
  device_id: string,
  work: Promise<T>,
  ms: number,
  late: L,
): Promise<T | L> {
  const end = tokenEnd(devices, device_id);
  const hurry = AbortSignal.any([leaving, end.signal]);
  const outcome = await within(work, ms, late, clock, hurry).finally(end.forget);
  if (!end.signal.aborted) return outcome;
  throw new Problem("unauthorized", {
    detail: "The token was revoked while the request waited. Pair again with POST /pair.",
    headers: { "WWW-Authenticate": 'Bearer realm="zeroclaw"' },
  });
}
