import { Problem } from "../../protocol/problem.ts";
import { type Context, principalOf } from "../context.ts";
import type { ApiParts } from "../parts.ts";

/**
 * The connection that waits for an answer. Its signal aborts when nobody waits any more: the client has gone, its token was
 * revoked, or the gateway stops. `end` has to be called once the answer is over.
 */
export class Connection {
  readonly #abort = new AbortController();
  readonly #end: () => void;
  readonly #lost = new Problem("cancelled", { detail: "The connection that waited for the answer was closed." });

  constructor(context: Context, { devices, leaving }: Pick<ApiParts, "devices" | "leaving">) {
    const { device_id } = principalOf(context);
    const { signal } = context.request;
    const stops = () => this.#abort.abort(new Problem("shutting_down", { retryAfter: 5 }));
    const lost = () => this.lost();
    const forget = devices.onEnded((ended) => {
      if (ended !== device_id) return;
      this.#abort.abort(new Problem("unauthorized", { detail: "The token was revoked while the answer came." }));
    });
    leaving.addEventListener("abort", stops, { once: true });
    signal.addEventListener("abort", lost, { once: true });
    this.#end = () => {
      forget();
      leaving.removeEventListener("abort", stops);
      signal.removeEventListener("abort", lost);
    };
    if (leaving.aborted) stops();
    if (signal.aborted) lost();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Nobody is there to be told anything. */
  get gone(): boolean {
    return this.#abort.signal.reason === this.#lost;
  }

  lost(): void {
    this.#abort.abort(this.#lost);
  }

  end(): void {
    this.#end();
  }
}
