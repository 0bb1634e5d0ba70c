import { isAbsolute } from "node:path";
import { ACP_PROGRAMS } from "./acp-programs.ts";

/** The file system, as far as programs are looked for. */
export interface ProgramParts {
  /** Where PATH finds a program; null when it does not. */
  readonly which: (program: string) => string | null;
  /** A path without links; null when there is nothing. */
  readonly realPath: (path: string) => string | null;
  /** Our own executable, and the script if one runs. */
  readonly self: readonly string[];
}

export interface FoundProgram {
  readonly title: string;
  readonly path: string;
  /** What to write into `agent.command`. */
  readonly command: readonly string[];
}

/** The agents in PATH. None of them is started. */
export function findPrograms(parts: ProgramParts): readonly FoundProgram[] {
  return ACP_PROGRAMS.flatMap(({ title, commands }) => {
    for (const [program, ...args] of commands) {
      const path = parts.which(program);
      if (path === null || !isAbsolute(path) || isOurselves(path, parts)) continue;
      // Two programs have this name: only the path says which one is meant.
      return [{ title, path, command: [program === OUR_NAME ? path : program, ...args] }];
    }
    return [];
  });
}

/** Whether a path leads to this very program: an agent that is the gateway would talk to itself. */
export function isOurselves(path: string, { realPath, self }: Pick<ProgramParts, "realPath" | "self">): boolean {
  const real = realPath(path) ?? path;
  if (self.some((own) => (realPath(own) ?? own) === real)) return true;
  // The other zeroclaw is no script; ours is one when npm has installed it.
  return /(^|[/\\])zeroclaw(\.\w+)?$/.test(path) && /\.[cm]?[jt]s$/.test(real);
}

const OUR_NAME = "zeroclaw";
