import { fstatSync } from "node:fs";
import type { Output } from "./terminal.ts";
import { writeAll } from "./write-fd.ts";

const USUAL_COLUMNS = 80;

/** The process's stdout (1) or stderr (2). */
export async function fdOutput(fd: 1 | 2): Promise<Output> {
  return {
    isTerminal: await isTerminal(fd),
    // Loading the stream takes 8 ms, so only those who lay text out for a terminal do.
    columns: () => (fd === 1 ? process.stdout : process.stderr).columns || USUAL_COLUMNS,
    write: (text) => writeAll(fd, text),
  };
}

/** Whether a person sits at the other end. Pipes and files are told apart without loading node:tty (2 ms). */
export async function isTerminal(fd: 0 | 1 | 2): Promise<boolean> {
  return fstatSync(fd).isCharacterDevice() && (await import("node:tty")).isatty(fd);
}
