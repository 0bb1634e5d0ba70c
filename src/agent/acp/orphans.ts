import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import type { Log } from "../../observe/log.ts";
import { endGroup, GRACE_MS, signalGroup } from "./child.ts";

/** Sees to it that a process group does not outlive this process, however this process ends. */
export interface Guard {
  /** The group is gone: it needs no watching. */
  release(): void;
}

/** The first net: a process that is told nothing but the end of this one. 1.6 MB, where a copy of ourselves would take 25. */
const WATCH = `IFS= read -r _ && exit 0; kill -s TERM -- "-$1"; sleep "$2"; kill -s KILL -- "-$1"`;
const FILE = "agent.pid";
/** Bytes; what we write is a fifth of it. */
const MAX_FILE = 512;

interface Leader {
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's (field 22 of /proc/<pid>/stat, proc(5)). */
  readonly start: string;
  /** The machine's start. */
  readonly boot: string;
}

/**
 * Guards the group that `pid` leads in two ways. A watcher holds the reading end of a pipe whose other end nobody but this
 * process has, so it is woken by our end, SIGKILL included, and ends the group. And `agent.pid` tells the next start what to
 * look for, should the watcher have been killed as well.
 */
export function guardGroup(pid: number, dir: string, log: Log, graceMs = GRACE_MS): Guard {
  const file = join(dir, FILE);
  const leader = leaderOf(pid);
  try {
    // Whatever stands there goes first, and "x" opens nothing else: a pipe would never let go of us.
    remove(file);
    if (leader !== null) writeFileSync(file, `${JSON.stringify(leader)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    log.warn("Cannot note the agent's process: it may be left behind if the gateway is killed", {
      error: String(error),
    });
  }
  const watcher = startWatcher(pid, graceMs, log);
  return {
    release() {
      void watcher?.write("done\n").catch(() => undefined); // it has ended already
      remove(file);
    },
  };
}

/** Ends the agent of an earlier gateway, if it is still there and is certainly that one. Never rejects. */
export async function endLeftover(dir: string, clock: Clock, log: Log): Promise<void> {
  const file = join(dir, FILE);
  const left = parseLeader(readNote(file));
  try {
    const now = left === null ? null : leaderOf(left.pid);
    if (left === null || now === null || now.start !== left.start || now.boot !== left.boot) return;
    log.warn("An agent of an earlier gateway is still running: it is ended now", { pid: left.pid });
    await endGroup({ signal: (name) => signalGroup(left.pid, name) }, clock);
  } finally {
    remove(file);
  }
}

function startWatcher(pid: number, graceMs: number, log: Log): { write(text: string): Promise<void> } | null {
  try {
    const { stdin } = Bun.spawn(
      ["/bin/sh", "-c", WATCH, "zeroclaw-agent-watch", String(pid), String(graceMs / 1_000)],
      {
        stdin: "pipe",
        stdout: "ignore",
        stderr: "ignore",
        detached: true, // what ends our own group must not end it first
        env: { PATH: "/usr/bin:/bin" },
        cwd: "/",
      },
    );
    return {
      async write(text) {
        await stdin.write(text);
        await stdin.end();
      },
    };
  } catch (error) {
    log.warn("Cannot watch over the agent's process: it may be left behind if the gateway is killed", {
      error: String(error),
    });
    return null;
  }
}

/** Null when there is no such process, it leads no group, or the system has no /proc. */
function leaderOf(pid: number): Leader | null {
  const boot = readText("/proc/sys/kernel/random/boot_id").trim();
  // The name, field 2, may hold spaces and brackets: what follows its last bracket begins with field 3.
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const start = fields[19];
  if (boot === "" || start === undefined || state === "Z" || group !== String(pid)) return null;
  return { pid, start, boot };
}

function parseLeader(text: string): Leader | null {
  try {
    const found: unknown = JSON.parse(text);
    if (!isObject(found)) return null;
    const { pid, start, boot } = found;
    if (!Number.isSafeInteger(pid) || typeof start !== "string" || typeof boot !== "string") return null;
    // as: checked in the line above. A group of 1 or less is not ours to end: -1 is everybody.
    return (pid as number) > 1 ? { pid: pid as number, start, boot } : null;
  } catch {
    return null;
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A folder that cannot be written: the file names a process that is not there any more, which the next start sees.
  }
}

/** The text of an ordinary file, and nothing of what only looks like one: a pipe or a device may have no end, or no beginning. */
function readNote(path: string): string {
  try {
    if (!lstatSync(path).isFile()) return "";
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(MAX_FILE);
      // Looked at again: it may have been another a moment ago.
      return fstatSync(file).isFile() ? bytes.toString("utf8", 0, readSync(file, bytes)) : "";
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
