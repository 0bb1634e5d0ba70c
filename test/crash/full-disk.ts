import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, GatewayProcess } from "../support/gateway-process.ts";

/** A gateway on a disk whose room is told. */
export interface NarrowDisk extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  /** Gives it room for much more. */
  makeRoom(): Promise<void>;
}

/** Room for the database and a few hundred events. */
const ROOM = 3 * 1024 * 1024;

/** Whether this process may mount file systems. */
export function canMount(): boolean {
  if (process.getuid?.() !== 0 || !Bun.which("mount")) return false;
  const { exitCode } = Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]);
  return exitCode === 0;
}

/** A file system of its own (tmpfs), filled with a file: a write fails with ENOSPC. */
export async function fullFileSystem(config: string): Promise<NarrowDisk> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-full-"));
  requireSuccess(["mount", "-t", "tmpfs", "-o", `size=${8 * ROOM}`, "tmpfs", dir]);
  const ballast = join(dir, "ballast");
  const leave = async () => {
    requireSuccess(["umount", "-l", dir]);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await writeFile(ballast, new Uint8Array(7 * ROOM));
    const gateway = await GatewayProcess.start(BINARY, { dir, config });
    return {
      gateway,
      makeRoom: () => truncate(ballast, 0),
      [Symbol.asyncDispose]: async () => {
        await gateway.kill();
        await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

/**
 * A limit on the size of every file the process writes (RLIMIT_FSIZE, setrlimit(2)): a write past it fails with EFBIG, once
 * SIGXFSZ is ignored, which a process inherits. Needs no rights.
 */
export async function limitedFiles(config: string): Promise<NarrowDisk> {
  const command = ["sh", "-c", `trap '' XFSZ; exec prlimit --fsize=${ROOM}: -- "$0" "$@"`, ...BINARY];
  const gateway = await GatewayProcess.start(command, { config });
  return {
    gateway,
    makeRoom: async () => requireSuccess(["prlimit", `--pid=${gateway.pid}`, "--fsize=unlimited:"]),
    [Symbol.asyncDispose]: () => gateway.remove(),
  };
}

function requireSuccess(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`Cannot run "${command.join(" ")}": ${stderr.toString()}`);
}
