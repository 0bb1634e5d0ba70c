import type { LanguageModel } from "ai";
import type { ModelLine } from "./line.ts";
import type { ModelTarget } from "./providers.ts";
import type { Sdk } from "./sdk.ts";

/** Tells the requests of one turn from those of others. Never leaves this process. */
const HEADER = "x-zeroclaw-line";

/** A line that is connected: what its requests carry, and what ends the connection. */
export interface Connected {
  readonly headers: Readonly<Record<string, string>>;
  leave(): void;
}

/**
 * One model of the SDK for all turns, because each that is made compiles its validators anew: 2 ms of processor time for
 * every answer, in code that never runs often enough to become fast. Each request goes through the line of its own turn.
 */
export class Exchange {
  readonly #fetch: typeof fetch;
  readonly #models = new Map<boolean, LanguageModel>();
  readonly #lines = new Map<string, ModelLine>();
  #count = 0;

  constructor(given: typeof fetch) {
    const send = (input: string | URL | Request, init: RequestInit = {}) => this.#send(input, init);
    this.#fetch = Object.assign(send, { preconnect: given.preconnect });
  }

  /** Lines that are connected. */
  get size(): number {
    return this.#lines.size;
  }

  model(sdk: Sdk, target: ModelTarget, wantsUsage: boolean): LanguageModel {
    const model = this.#models.get(wantsUsage) ?? sdk.model(target, this.#fetch, wantsUsage);
    this.#models.set(wantsUsage, model);
    return model;
  }

  connect(line: ModelLine): Connected {
    this.#count += 1;
    const id = String(this.#count);
    this.#lines.set(id, line);
    return { headers: { [HEADER]: id }, leave: () => void this.#lines.delete(id) };
  }

  async #send(input: string | URL | Request, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const line = this.#lines.get(headers.get(HEADER) ?? "");
    if (line === undefined) throw new Error("A request to the model belongs to no turn that is under way");
    headers.delete(HEADER);
    return line.fetch(input, { ...init, headers });
  }
}
