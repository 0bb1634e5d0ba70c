/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Dotted; empty when it is about the file as a whole. */
  readonly key: string;
  /** `~/.zeroclaw/config.toml line 7`, `the environment variable ZEROCLAW_GATEWAY__PORT`, `--port`; empty when it goes without saying. */
  readonly where: string;
  /** From 1; only for what stands in the file. */
  readonly line?: number;
  readonly column?: number;
  /** What was found and what is expected. */
  readonly detail: string;
  /** What to do next. */
  readonly hint?: string;
  readonly allowed?: string;
  /** The known key that was probably meant. */
  readonly nearest?: string;
}

const SHOWN_PROBLEMS = 20;

/**
 * The configuration cannot be used (exit code 2). The message tells every problem; the fields are those of the first.
 * Values of secret settings are in none of them.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError"; // a literal: minified builds rename classes
  readonly problems: readonly ConfigProblem[];
  readonly key: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly allowed: string | undefined;
  readonly nearest: string | undefined;

  /** `doing` is what failed: "Cannot read the configuration". There is at least one problem. */
  constructor(doing: string, problems: readonly [ConfigProblem, ...ConfigProblem[]], options: ErrorOptions = {}) {
    super(messageOf(doing, problems), options);
    const [first] = problems;
    this.problems = problems;
    this.key = first.key;
    this.line = first.line;
    this.column = first.column;
    this.allowed = first.allowed;
    this.nearest = first.nearest;
  }
}

function messageOf(doing: string, problems: readonly [ConfigProblem, ...ConfigProblem[]]): string {
  const [first] = problems;
  if (problems.length === 1) return `${doing}: ${sentence(first, "\n")}`;
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((each) => `  ${sentence(each, "\n    ")}`);
  const rest = problems.length - shown.length;
  if (rest > 0) shown.push(`  and ${rest} more`);
  return `${doing}: ${problems.length} things are wrong.\n${shown.join("\n")}`;
}

function sentence({ where, detail, hint }: ConfigProblem, newLine: string): string {
  return `${where === "" ? "" : `${where}: `}${detail}${hint === undefined ? "" : newLine + hint}`;
}

/** The configuration file cannot be written: mostly because it, its folder or its file system is read-only. */
export class ConfigReadOnly extends Error {
  override readonly name = "ConfigReadOnly";
  /** The path that refused, as it was given. */
  readonly path: string;

  /** `reason`: the system's code (`EROFS`), or words. */
  constructor(path: string, reason: string, options: ErrorOptions = {}) {
    super(`Cannot write the configuration: ${whyNot(path, reason)}`, options);
    this.path = path;
  }
}

/** The system refused to write a configuration file that may be written: its disk is full, or failing. */
export class ConfigNotWritten extends Error {
  override readonly name = "ConfigNotWritten";

  /** `code`: the system's. `backup`: where the old text is, if it could not be put back into the file. */
  constructor(path: string, code: string, backup: string | null, options: ErrorOptions = {}) {
    const found = FULL.has(code) ? `there is no room on its disk (${code})` : `the system refused it (${code})`;
    const state =
      backup === null
        ? "The file is as it was."
        : `Its old text could not be put back: copy "${backup}" over it before the gateway starts again.`;
    const next = FULL.has(code) ? "Make room, then do it again." : "See that its disk is well, then do it again.";
    super(`Cannot change "${path}": ${found}. ${state} ${next}`, options);
  }
}

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

function whyNot(path: string, reason: string): string {
  switch (reason) {
    case "ENOSPC":
    case "EDQUOT":
      return `there is no room for "${path}" (${reason}). Make room on its disk, or point ZEROCLAW_CONFIG_DIR to another one.`;
    case "EEXIST":
    case "ENOTDIR":
      return `a part of "${path}" that must be a folder is a file (${reason}). Move that file away, or point ZEROCLAW_CONFIG_DIR to a folder.`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `"${path}" is read-only (${reason}). ${WRITABLE_HINT}`;
    default:
      // A code that needs words of its own is passed on as it is; words say what is the matter themselves.
      return /^E[A-Z0-9]+$/.test(reason)
        ? `the system refused "${path}" (${reason}). Point ZEROCLAW_CONFIG_DIR to a folder that can be written.`
        : `"${path}" is read-only (${reason}). ${WRITABLE_HINT}`;
  }
}

const WRITABLE_HINT = "Make it writable for the user of the gateway, or point ZEROCLAW_CONFIG_DIR to a folder that is.";
