import { nearest } from "../lib/nearest.ts";
import type { Command, Option } from "./command.ts";
import { UsageError } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";

interface Given {
  /** As it was typed, for messages: `-p 80a`, `--port=80a`. */
  readonly typed: string;
  readonly value: string | true;
}

/** The options and arguments of one call, checked against the command's declaration. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #command: Command;
  readonly #given: ReadonlyMap<string, Given>;

  constructor(command: Command, given: ReadonlyMap<string, Given>, positionals: readonly string[]) {
    this.#command = command;
    this.#given = given;
    this.positionals = positionals;
  }

  /** Whether a switch was given. */
  flag(long: string): boolean {
    return this.#given.has(long);
  }

  /** The value of an option; undefined when it was not given. */
  value(long: string): string | undefined {
    const value = this.#given.get(long)?.value;
    return value === true ? undefined : value;
  }

  /** The value of an option as a whole number. `what` completes "is not …". @throws UsageError */
  wholeNumber(long: string, min: number, max: number, what: string): number | undefined {
    const text = this.value(long);
    if (text === undefined) return undefined;
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw this.wrong(long, `is not ${what}`, `A whole number from ${min} to ${max} is needed`);
  }

  /** The value of an option that takes one of a few words. @throws UsageError */
  oneOf<T extends string>(long: string, allowed: readonly T[]): T | undefined {
    const text = this.value(long);
    if (text === undefined) return undefined;
    const found = allowed.find((word) => word === text);
    if (found !== undefined) return found;
    const close = nearest(text, allowed);
    const hint = close === undefined ? "" : ` Did you mean "${close}"?`;
    throw this.wrong(long, `is not one of its values`, `Use ${listed(allowed)}`, hint);
  }

  /** An error about an option's value: what is wrong with it, then what is needed. */
  wrong(long: string, found: string, needed: string, hint = ""): UsageError {
    const typed = this.#given.get(long)?.typed ?? `--${long}`;
    return usageError(this.#command, `"${printableLine(typed)}" ${found}. ${needed}.${hint}`);
  }

  /** An error about the call as a whole. */
  wrongUse(text: string): UsageError {
    return usageError(this.#command, text);
  }
}

/**
 * Reads what follows the command's words. The last of a repeated option wins; `--` ends options. Not `parseArgs` of
 * node:util, which is 1 ms and 1.5 MB of every start. @throws UsageError
 */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const given = new Map<string, Given>();
  const positionals: string[] = [];
  const take = ({ option, ...typed }: Typed, next: string | undefined): boolean => {
    const needsNext = option.value !== undefined && typed.inline === undefined;
    given.set(option.long, checked(command, option, typed, needsNext ? next : undefined));
    return needsNext;
  };
  for (let i = 0; i < argv.length; i += 1) {
    const arg = argv[i]!;
    if (arg === "--") {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      positionals.push(arg);
      continue;
    }
    const options = arg.startsWith("--") ? [longOption(command, arg)] : shortOptions(command, arg);
    for (const option of options) if (take(option, argv[i + 1])) i += 1;
  }
  checkPositionals(command, positionals);
  return new Arguments(command, given, positionals);
}

/** One option as it stands on the command line. */
interface Typed {
  readonly option: Option;
  /** With its dashes, without its value. */
  readonly name: string;
  /** The value that stands in the same word; undefined when there is none. */
  readonly inline: string | undefined;
}

/** `--port` or `--port=8080`. */
function longOption(command: Command, arg: string): Typed {
  const equals = arg.indexOf("=");
  const name = equals < 0 ? arg : arg.slice(0, equals);
  const option = command.options.find(({ long }) => `--${long}` === name);
  if (!option) throw unknownOption(command, name);
  return { option, name, inline: equals < 0 ? undefined : arg.slice(equals + 1) };
}

/** `-p`, `-p8080`, or several switches in one word, the last of which may have a value: `-jp8080`. */
function shortOptions(command: Command, arg: string): readonly Typed[] {
  const found: Typed[] = [];
  let at = 1;
  for (const letter of arg.slice(1)) {
    const name = `-${letter}`;
    const option = command.options.find(({ short }) => short === letter);
    if (!option) throw unknownOption(command, name);
    at += letter.length;
    const takesRest = option.value !== undefined && at < arg.length;
    found.push({ option, name, inline: takesRest ? arg.slice(at) : undefined });
    if (option.value !== undefined) break;
  }
  return found;
}

/** `next`: the word that follows, where the option has its value there. */
function checked(
  command: Command,
  option: Option,
  { name, inline }: Omit<Typed, "option">,
  next: string | undefined,
): Given {
  if (option.value === undefined) {
    if (inline === undefined) return { typed: name, value: true };
    throw usageError(command, `"${name}" takes no value, but "${printableLine(inline)}" was given.`);
  }
  const value = inline ?? next;
  // `--host --new-pairing`: a forgotten value. `-p -1` is a value, if a bad one.
  const swallowed =
    inline === undefined && command.options.some((o) => value === `--${o.long}` || value === `-${o.short}`);
  if (value === undefined || value === "--" || swallowed) {
    throw usageError(command, `"${name}" needs a value: ${name} ${option.value}.`);
  }
  const separator = inline === undefined ? " " : name.startsWith("--") ? "=" : "";
  return { typed: `${name}${separator}${value}`, value };
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const needed = command.positionals.filter(({ optional }) => !optional).length;
  const missing = positionals.length < needed ? command.positionals[positionals.length] : undefined;
  if (missing) throw usageError(command, `<${missing.name}> is missing (${missing.about}).`);
  if (command.positionals.at(-1)?.many) return;
  const extra = positionals[command.positionals.length];
  if (extra === undefined) return;
  const taken = command.positionals.map(({ name }) => `<${name}>`).join(" ") || "no arguments";
  throw usageError(command, `it takes ${taken}, but "${printableLine(extra)}" was given too.`);
}

function unknownOption(command: Command, rawName: string): UsageError {
  const known = command.options.map(({ long }) => long);
  const close = rawName.startsWith("--") ? nearest(rawName.slice(2), known) : undefined;
  const hint = close === undefined ? "" : ` Did you mean "--${close}"?`;
  const dash = /^-\d/.test(rawName) ? ' Put "--" before arguments that begin with a dash.' : "";
  return usageError(command, `there is no option "${printableLine(rawName)}".${hint}${dash}`);
}

function usageError({ doing, path }: Command, text: string): UsageError {
  return new UsageError(`Cannot ${doing}: ${text}\nFor its options: zeroclaw ${path.join(" ")} --help`);
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join();
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
