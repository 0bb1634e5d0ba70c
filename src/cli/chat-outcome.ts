import type { AnswerPrinter } from "./answer-printer.ts";
import { LEFT, type Outcome } from "./ask.ts";
import type { Terminal } from "./terminal.ts";

/** Prints how an exchange of `zeroclaw chat` ended. True when the agent answered. */
export function showOutcome(
  terminal: Terminal,
  printer: AnswerPrinter,
  outcome: Outcome,
  cancelled = "Cancelled.",
): boolean {
  if (outcome.kind === "answered") {
    printer.end(outcome.content);
    return true;
  }
  printer.breakLine();
  if (outcome.kind === "cancelled") terminal.note(cancelled);
  else if (outcome.kind === "left") terminal.note(LEFT);
  else terminal.error(`The agent could not answer: ${outcome.detail}`);
  return false;
}
