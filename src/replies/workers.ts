import { ReplyWorker, type ReplyWorkerParts } from "./worker.ts";

export interface ReplyWorkersParts extends Omit<ReplyWorkerParts, "source"> {
  /** Every source that may have answers to send, also one that is not configured any more: its answers must come to an end too. */
  readonly sources: Iterable<string>;
}

/** A worker for each source: a receiver that does not answer keeps nobody waiting but those behind it. */
export class ReplyWorkers {
  readonly #workers: readonly ReplyWorker[];

  constructor({ sources, ...parts }: ReplyWorkersParts) {
    this.#workers = Array.from(new Set(sources), (source) => new ReplyWorker({ ...parts, source }));
  }

  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  /** Says that there may be answers to send. Cheap. */
  kick(): void {
    for (const worker of this.#workers) worker.kick();
  }

  /** Claims nothing more and waits for no store. What is being sent goes on; wait for it with `idle`. */
  stop(): void {
    for (const worker of this.#workers) worker.stop();
  }

  /** Resolves when nothing is being sent; after `stop` that stays so. */
  async idle(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.idle()));
  }
}
