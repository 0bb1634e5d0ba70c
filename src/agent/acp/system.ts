import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../observe/log.ts";
import { type SpawnChild, spawnChild } from "./child.ts";
import { endLeftover, type Guard, guardGroup } from "./orphans.ts";

/** What an ACP agent needs of the operating system. */
export interface AcpSystem {
  readonly spawn: SpawnChild;
  /** The path of this executable; null from source, where it is Bun itself, which may well run an agent. */
  readonly self: string | null;
  /** Of this process. */
  readonly pid: number;
  readonly guard: (pid: number, dir: string, log: Log) => Guard;
  readonly endLeftover: (dir: string, clock: Clock, log: Log) => Promise<void>;
}

export const systemAcp: AcpSystem = {
  spawn: spawnChild,
  // Where a compiled executable's own files are (Bun, "Standalone executables").
  self: Bun.main.startsWith("/$bunfs/") ? process.execPath : null,
  pid: process.pid,
  guard: (pid, dir, log) => guardGroup(pid, dir, log),
  endLeftover,
};
