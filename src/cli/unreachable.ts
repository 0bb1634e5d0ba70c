import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { STATE_FILES } from "../config/paths.ts";
import type { RunningFile } from "../gateway/running-file.ts";
import { CommandError } from "./exit-codes.ts";
import { inUrl } from "./gateway-banner.ts";
import { isAlive, readRunning } from "./running.ts";

/** Bytes of a path that fit into a socket's address, one of them for the final NUL (unix(7); macOS has fewer). */
const MAX_SOCKET_PATH = process.platform === "linux" ? 108 : 104;

/** Why the local socket could not be used, and what to do about it. `cause` is what the connection failed with. */
export async function unreachable(
  dir: string,
  doing: string,
  cause: unknown,
  alive: (pid: number) => boolean = isAlive,
): Promise<CommandError> {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EACCES" || code === "EPERM") {
    return new CommandError(
      `Cannot ${doing}: the gateway's socket in ${dir} belongs to another user.\nRun this as the user that runs the gateway.`,
      { cause },
    );
  }
  if (code === "ECONNRESET") {
    return new CommandError(
      `Cannot ${doing}: the gateway on ${dir} closed the connection before it answered.\nIt may be stopping: zeroclaw status`,
      { cause },
    );
  }
  const running = await readRunning(dir, alive);
  const text = running ? await socketMissing(dir, running) : notRunning(dir);
  return new CommandError(`Cannot ${doing}: ${text}`, { cause });
}

/** That nothing runs on the folder, and how to change that. */
export function notRunning(dir: string): string {
  return (
    `no gateway runs on ${dir}.\n` +
    "Start one: zeroclaw gateway\n" +
    "If it runs with another folder, name that: ZEROCLAW_CONFIG_DIR=<folder>"
  );
}

async function socketMissing(dir: string, { pid, host, port }: RunningFile): Promise<string> {
  const path = join(dir, STATE_FILES.socket);
  const bytes = new TextEncoder().encode(path).length;
  const who = `a gateway runs on ${dir} (pid ${pid}, ${inUrl(host)}:${port}), but `;
  if (bytes >= MAX_SOCKET_PATH) {
    return (
      `${who}it has no local socket: the path ${path} is too long for one ` +
      `(${bytes} bytes; at most ${MAX_SOCKET_PATH - 1}).\n` +
      "Restart it with a folder whose path is shorter: ZEROCLAW_CONFIG_DIR=<folder>"
    );
  }
  const there = await lstat(path).then(
    (stat) => stat.isSocket(),
    () => false,
  );
  return there
    ? `${who}nobody answers at ${path}.\nIt may be starting or stopping: try again, or restart it.`
    : `${who}${path} is missing: the file was removed, or the file system has no sockets (its log says so at the start).\n` +
        "Restart it, or choose another folder: ZEROCLAW_CONFIG_DIR=<folder>";
}
