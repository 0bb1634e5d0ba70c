import type { Devices } from "../auth/devices.ts";
import { Problem } from "../protocol/problem.ts";

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

/** The refusal of a request whose token ended while it waited. */
export function revokedMeanwhile(): Problem {
  return new Problem("unauthorized", {
    detail: "The token was revoked while the request waited. Pair again with POST /pair.",
    headers: { "WWW-Authenticate": 'Bearer realm="zeroclaw"' },
  });
}
