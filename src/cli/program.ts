import { nearest } from "../lib/nearest.ts";
import { COMMIT, VERSION } from "../lib/version.ts";
import { parseArguments } from "./args.ts";
import type { Command, Surroundings } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT, errorText, exitCodeOf, UsageError } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";

/** What an argv asks for. */
export type Request =
  | { readonly kind: "version" }
  /** Help about everything whose path begins with these words. */
  | { readonly kind: "help"; readonly words: readonly string[] }
  | { readonly kind: "run"; readonly command: Command; readonly rest: readonly string[] };

/** Runs what `argv` asks for. Resolves to the exit code; errors are on stderr by then. */
export async function runProgram(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal, env } = surroundings;
  try {
    return await serve(requestOf(argv, COMMANDS), surroundings);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code !== EXIT.ok) terminal.error(errorText(error, env["ZEROCLAW_DEBUG"] === "1"));
    return code;
  }
}

async function serve(request: Request, surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  switch (request.kind) {
    case "version":
      terminal.print(`zeroclaw ${VERSION} (${COMMIT})`);
      return EXIT.ok;
    case "help": {
      const { helpFor } = await import("./usage.ts");
      terminal.write(helpFor(request.words, COMMANDS, (style, text) => terminal.style(style, text)));
      return EXIT.ok;
    }
    case "run": {
      return request.command.run({ ...surroundings, args: parseArguments(request.command, request.rest) });
    }
  }
}

/** Finds the command: its words come first, options after them. @throws UsageError */
export function requestOf(argv: readonly string[], commands: readonly Command[]): Request {
  if (argv[0] === "help") {
    const about = argv.slice(1).filter((arg) => !arg.startsWith("-"));
    return { kind: "help", words: known(about, commands) };
  }
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  const firstOption = argv.findIndex((arg) => arg.startsWith("-"));
  const words = firstOption < 0 ? argv : argv.slice(0, firstOption);
  if (options.includes("--help") || options.includes("-h")) return { kind: "help", words: known(words, commands) };
  if (options.includes("--version") || options.includes("-V")) return { kind: "version" };
  if (argv.length === 0) return { kind: "help", words: [] };

  const command = longestMatch(words, commands);
  if (!command) throw unknown(words, argv, commands);
  const rest = argv.slice(command.path.length);
  const next = words[command.path.length];
  // `gateway start`: gateway takes no arguments but has commands of its own, so that word was meant as one of them.
  if (next !== undefined && command.positionals.length === 0 && below(command.path, commands).length > 0) {
    throw unknown(words, argv, commands);
  }
  return { kind: "run", command, rest };
}

function longestMatch(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands
    .filter(({ path }) => path.every((word, i) => word === words[i]))
    .reduce<Command | undefined>((best, one) => (best && best.path.length >= one.path.length ? best : one), undefined);
}

/** The leading words that some command begins with: for `help`, arguments after them do not matter. @throws UsageError */
function known(words: readonly string[], commands: readonly Command[]): readonly string[] {
  let length = 0;
  while (
    length < words.length &&
    below(words.slice(0, length), commands).some(({ path }) => path[length] === words[length])
  ) {
    length += 1;
  }
  if (length === 0 && words.length > 0) throw unknown(words, words, commands);
  return words.slice(0, length);
}

/** The commands with more words than `words`, which they begin with. */
function below(words: readonly string[], commands: readonly Command[]): readonly Command[] {
  return commands.filter(({ path }) => path.length > words.length && words.every((word, i) => path[i] === word));
}

function unknown(words: readonly string[], argv: readonly string[], commands: readonly Command[]): UsageError {
  if (words.length === 0) {
    return new UsageError(
      `Cannot run zeroclaw: there is no option "${printableLine(argv[0] ?? "")}" before a command.\nFor the commands: zeroclaw --help`,
    );
  }
  let group = words.slice(0, 1);
  if (below(group, commands).length === 0) group = [];
  const choices = [...new Set(below(group, commands).map(({ path }) => path[group.length] ?? ""))];
  const typed = words[group.length];
  const prefix = ["zeroclaw", ...group].join(" ");
  const own = commands.find(({ path }) => path.join(" ") === group.join(" "));
  const alone = own === undefined ? "" : ` To ${own.doing}: ${prefix}.`;
  if (typed === undefined) {
    return new UsageError(`Cannot run "${prefix}" alone: add one of its commands.\n${menu(prefix, choices)}`);
  }
  const close = nearest(typed, choices);
  const hint = close === undefined ? "" : ` Did you mean "${prefix} ${close}"?`;
  return new UsageError(
    `Cannot run "${prefix} ${printableLine(typed)}": there is no such command.${hint}${alone}\n${menu(prefix, choices)}`,
  );
}

function menu(prefix: string, choices: readonly string[]): string {
  return prefix === "zeroclaw"
    ? "For the commands: zeroclaw --help"
    : `Its commands: ${choices.join(", ")}. For more: ${prefix} --help`;
}
