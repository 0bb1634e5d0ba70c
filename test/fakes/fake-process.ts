import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Fault } from "./faults.ts";

export interface FakeOptions {
  readonly seed?: number;
  readonly rates?: Readonly<Partial<Record<Fault, number>>>;
  /** Answers take up to that long. */
  readonly latencyMs?: number;
  /** How long a call hangs before its connection is cut. */
  readonly hangMs?: number;
}

/** What a fake has done: by item, how often, or what was said. */
export interface FakeCounts {
  readonly sent: Readonly<Record<string, number | readonly string[]>>;
  readonly made: number;
  readonly refused: number;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

/** A fake provider in a process of its own. `await using` ends it. */
export class FakeProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: Subprocess<"ignore", "pipe", "inherit">;

  private constructor(child: Subprocess<"ignore", "pipe", "inherit">, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(name: "graph" | "github", options: FakeOptions = {}): Promise<FakeProcess> {
    const { seed = 1, rates = {}, latencyMs = 0, hangMs = 2_000 } = options;
    const args = ["--seed", seed, "--rates", JSON.stringify(rates), "--latency", latencyMs, "--hang", hangMs].map(
      String,
    );
    const child = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`), ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += new TextDecoder().decode(chunk);
      const port = /port: (\d+)\n/.exec(printed)?.[1];
      if (port) return new FakeProcess(child, Number(port));
    }
    throw new Error(`The fake ${name} ended without saying where it listens: ${printed}`);
  }

  async counts(): Promise<FakeCounts> {
    // as: `GET /_counts` of our own fakes answers in this shape.
    return (await (await fetch(`${this.url}/_counts`)).json()) as FakeCounts;
  }

  async order(...faults: Fault[]): Promise<void> {
    await fetch(`${this.url}/_faults`, { method: "POST", body: JSON.stringify(faults) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
