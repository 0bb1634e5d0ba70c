import { parseArgs } from "node:util";
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

/** Reads what follows the command's words. The last of a repeated option wins; `--` ends options. @throws UsageError */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const options = Object.fromEntries(
    command.options.map(({ long, short, value }) => [
      long,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  // Not `strict`: its errors are prose, and ours name the nearest option. What it would check is checked below.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true });
  const given = new Map<string, Given>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = command.options.find(({ long }) => long === token.name);
    if (!option) throw unknownOption(command, token.rawName);
    given.set(option.long, checked(command, option, token));
  }
  checkPositionals(command, positionals);
  return new Arguments(command, given, positionals);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checked(command: Command, option: Option, token: OptionToken): Given {
  const { rawName, value, inlineValue } = token;
  if (option.value === undefined) {
    if (value === undefined) return { typed: rawName, value: true };
    throw usageError(command, `"${rawName}" takes no value, but "${printableLine(value)}" was given.`);
  }
  // `--host --new-pairing`: a forgotten value. `-p -1` is a value, if a bad one.
  const swallowed =
    inlineValue === false && command.options.some((o) => value === `--${o.long}` || value === `-${o.short}`);
  if (value === undefined || value === "--" || swallowed) {
    throw usageError(command, `"${rawName}" needs a value: ${rawName} ${option.value}.`);
  }
  const separator = inlineValue !== true ? " " : rawName.startsWith("--") ? "=" : "";
  return { typed: `${rawName}${separator}${value}`, value };
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
