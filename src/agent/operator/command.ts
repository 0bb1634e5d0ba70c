import type { EventWithBody } from "../../protocol/event.ts";
import type { AgentTurn } from "../agent.ts";
import type { Asker } from "../desk/asker.ts";
import type { Desk } from "../desk/desk.ts";

/** One line of the operator's table of commands. */
export interface Command {
  /** Without the slash, in lower case. */
  readonly name: string;
  /** What follows the name, as `/help` shows it; "" when nothing does. */
  readonly args: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** The least reach that may use it. */
  readonly reach: Asker["reach"];
  /** Whether it looks into the gateway's data: then the turn shows it as a tool. */
  readonly looks: boolean;
  /** The answer, as Markdown. Wrong arguments are answered with what to write instead. */
  run(context: CommandContext): string | Promise<string>;
}

export interface CommandContext {
  readonly desk: Desk;
  readonly asker: Asker;
  readonly turn: Pick<AgentTurn, "run_id" | "session_id" | "attempt">;
  /** What was typed after the name, without blanks around it. */
  readonly args: string;
  /** When the turn began, in milliseconds since the epoch: one answer has one present. */
  readonly now: number;
  /** IANA time zone of `/remind`. */
  readonly zone: string;
  readonly summarize: (event: EventWithBody) => string;
  readonly kinds: readonly AgentKind[];
  readonly signal: AbortSignal;
}

/** One value of `agent.kind`, as `/agent` explains it. */
export interface AgentKind {
  readonly kind: string;
  /** Who answers then, in a few words. */
  readonly about: string;
  /** The lines of `[agent]` in config.toml. */
  readonly lines: readonly string[];
  /** False when this version refuses to start with it. */
}
