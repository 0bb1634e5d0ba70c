import type { PermissionQuestion } from "./ask.ts";
import type { ChatInput } from "./chat-input.ts";
import type { LocalClient } from "./local-client.ts";

const DECISIONS: Readonly<Record<string, string>> = { yes: "allow", no: "deny", always: "always" };

/** Asks the person at the terminal what the agent asks, one question after the other. */
export class PermissionAsker {
  readonly #client: LocalClient;
  readonly #input: ChatInput;
  readonly #failed: (error: unknown) => void;
  readonly #open = new Map<string, AbortController>();
  #last: Promise<void> = Promise.resolve();

  /** `failed` is told of an answer that the gateway did not take. */
  constructor(client: LocalClient, input: ChatInput, failed: (error: unknown) => void) {
    this.#client = client;
    this.#input = input;
    this.#failed = failed;
  }

  knows(request_id: string): boolean {
    return this.#open.has(request_id);
  }

  /** Asks it; a stream that was resumed may bring it again. */
  ask(question: PermissionQuestion): void {
    if (this.knows(question.request_id)) return;
    const abort = new AbortController();
    this.#open.set(question.request_id, abort);
    this.#last = this.#last.then(() => this.#ask(question, abort.signal)).catch(this.#failed);
  }

  /** The question has been answered. True when that was not done here. */
  settled(request_id: string): boolean {
    const abort = this.#open.get(request_id);
    this.#open.delete(request_id);
    abort?.abort();
    return abort !== undefined;
  }

  /** Takes all questions away. */
  stop(): void {
    for (const request_id of [...this.#open.keys()]) this.settled(request_id);
  }

  async #ask({ request_id, options }: PermissionQuestion, signal: AbortSignal): Promise<void> {
    const words = Object.keys(DECISIONS).filter((word) => word === "no" || options.includes(DECISIONS[word] ?? ""));
    const shown = words.map((word) => `[${word.slice(0, 1)}]${word.slice(1)}`).join(" / ");
    const word = await this.#input.choose(`Allow it? ${shown} `, words, signal);
    if (word === null) return;
    this.#open.delete(request_id);
    const path = `/api/permissions/${encodeURIComponent(request_id)}`;
    const body = { decision: DECISIONS[word] ?? "deny" };
    try {
      await this.#client.ask({ method: "POST", path, body, doing: "answer the agent" });
    } catch (error) {
      this.#failed(error);
    }
  }
}
