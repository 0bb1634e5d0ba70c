/** What the process says to its parent; the first three are the published page's. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError"; // a literal: minified builds rename classes
}

/** A command could not do its work; the message is whole: what was being done, what was found, what to do next. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Nobody reads our stdout any more (`| head`): no failure, but no reason to go on either. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** The exit code of whatever a command threw. Errors of lower layers are known by name, so that none of them is loaded for this. */
export function exitCodeOf(error: unknown): number {
  switch (nameOf(error)) {
    case "OutputClosed":
      return EXIT.ok;
    case "UsageError":
    case "ConfigError":
    case "AgentMisconfigured":
      return EXIT.usage;
    default:
      return EXIT.failed;
  }
}

/** Errors whose message was written for the person at the terminal. All others are shown as what they are: surprises. */
const WRITTEN_FOR_PEOPLE: ReadonlySet<string> = new Set([
  "UsageError",
  "CommandError",
  "ConfigError",
  "ConfigReadOnly",
  "ConfigNotWritten",
  "StartError",
  "StoreUnavailable",
  "AgentMisconfigured",
]);

/** What stderr says about it, without a final line feed. `debug` (ZEROCLAW_DEBUG=1) adds the stack and the causes. */
export function errorText(error: unknown, debug: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const known = WRITTEN_FOR_PEOPLE.has(nameOf(error));
  const text = known ? message : `Cannot go on: unexpected error "${message}".`;
  if (debug) return `${text}\n${stackOf(error)}`;
  return known ? text : `${text} Run it again with ZEROCLAW_DEBUG=1 to see where it comes from.`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const stack = error.stack ?? "";
  return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause) || String(error.cause)}`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
