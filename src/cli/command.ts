import type { Clock } from "../lib/clock.ts";
import type { Arguments } from "./args.ts";
import type { Input } from "./input.ts";
import type { ProcessEvents } from "./process-events.ts";
import type { Terminal } from "./terminal.ts";

export interface Option {
  /** Without the dashes. */
  readonly long: string;
  readonly short?: string;
  /** What stands for the value in help, e.g. `<n>`. Absent: the option is a switch. */
  readonly value?: string;
  readonly about: string;
}

export interface Positional {
  readonly name: string;
  readonly about: string;
  readonly optional?: true;
  /** Takes all that follow. Only the last one may. */
  readonly many?: true;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

/** One command, as data: help, completion and parsing are made from it. Its code is loaded when it runs. */
export interface Command {
  /** The words that call it, e.g. `["gateway", "get-paircode"]`. */
  readonly path: readonly string[];
  /** One line for lists of commands. */
  readonly summary: string;
  /** Completes "Cannot …" in error messages. */
  readonly doing: string;
  /** More for its own help, after the summary. */
  readonly details?: string;
  readonly positionals: readonly Positional[];
  readonly options: readonly Option[];
  readonly examples: readonly Example[];
  /** Resolves to the exit code. */
  run(context: Context): Promise<number>;
}

/** Takes the log's lines; `flush` when the process is about to end. */
export interface LogSink {
  write(lines: string): void;
  flush(): void;
}

/** The process as a command sees it. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly logSink: LogSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly input: Input;
  readonly events: ProcessEvents;
}

export interface Context extends Surroundings {
  readonly args: Arguments;
}
