import { realpathSync } from "node:fs";
import type { ProgramParts } from "./find-programs.ts";

/** Programs of this machine, in the PATH of `env`. */
export function thisMachine(env: Readonly<Record<string, string | undefined>>): ProgramParts {
  return {
    which: (program) => Bun.which(program, { PATH: env["PATH"] ?? "" }),
    realPath: (path) => {
      try {
        return realpathSync(path);
      } catch {
        return null;
      }
    },
    self: [process.execPath, Bun.main],
  };
}
