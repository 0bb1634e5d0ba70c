import { fstatSync, statSync } from "node:fs";
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

/**
 * Whether a person sits at the other end. Pipes, files and /dev/null are told apart without loading node:tty, which takes
 * 2 ms and 7 MB: services are started with those.
 */
export async function isTerminal(fd: 0 | 1 | 2): Promise<boolean> {
  const found = fstatSync(fd);
  if (!found.isCharacterDevice()) return false;
  if (found.rdev === statSync("/dev/null", { throwIfNoEntry: false })?.rdev) return false;
  return (await import("node:tty")).isatty(fd);
}
