import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Listening sockets in /proc/net/tcp (proc(5)). */
const LISTENING = "0A";

export interface PortOwner {
  readonly pid: number;
  readonly name: string;
}

/** The process that listens on a TCP port, where the system tells (Linux, same user or root); null otherwise. */
export function portOwner(port: number): PortOwner | null {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listening(table, port)));
    if (inodes.size === 0) return null;
    for (const pid of readdirSync("/proc")) {
      if (/^\d+$/.test(pid) && holds(pid, inodes)) {
        return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, "utf8").trim() };
      }
    }
  } catch {
    // No /proc, or not for us: the message goes without a name.
  }
  return null;
}

function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync(table, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTENING)
    .map((fields) => `socket:[${fields[9]}]`);
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
