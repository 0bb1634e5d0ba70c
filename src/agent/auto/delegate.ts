import type { Agent } from "../agent.ts";
import type { Choice } from "./choice.ts";

/** The agent that was chosen. Once replaced, it is stopped when its last turn has ended. */
export class Delegate {
  readonly choice: Choice;
  readonly agent: Agent;
  readonly #idle = Promise.withResolvers<void>();
  #turns = 0;
  #retired = false;
  #stopping: Promise<void> | null = null;

  constructor(choice: Choice, agent: Agent) {
    this.choice = choice;
    this.agent = agent;
  }

  enter(): void {
    this.#turns += 1;
  }

  leave(): void {
    this.#turns -= 1;
    if (this.#retired && this.#turns === 0) this.#idle.resolve();
  }

  /** Resolves when its last turn has ended and it has stopped. */
  async retire(): Promise<void> {
    this.#retired = true;
    if (this.#turns === 0) this.#idle.resolve();
    await this.#idle.promise;
    await this.stop();
  }

  /** At once, whatever it is doing. */
  stop(): Promise<void> {
    this.#stopping ??= this.agent.stop();
    return this.#stopping;
  }
}
