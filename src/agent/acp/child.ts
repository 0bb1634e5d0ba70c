import { type Clock, sleep } from "../../lib/clock.ts";
import type { AcpCommand } from "./command.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process of our own that leads a process group of its own. */
export interface Child {
  readonly pid: number;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<Exit>;
  /** Resolves when the text is on its way. Text for a process that has ended is lost. */
  write(text: string): Promise<void>;
  /** Signals the whole group; 0 only asks. False when nobody is left in it. */
  signal(name: "SIGTERM" | "SIGKILL" | 0): boolean;
}

/** @throws Error when the operating system does not start it */
export type SpawnChild = (command: AcpCommand) => Child;

/** A group has this long to end by itself once it is told to. */
export const GRACE_MS = 2_000;
const LOOK_MS = 50;

/** As a process of this machine, in a session of its own: it gets no signal of our terminal, and its group can be ended as one. */
export const spawnChild: SpawnChild = ({ argv, cwd, env }) => {
  const child = Bun.spawn([...argv], { cwd, env, stdin: "pipe", stdout: "pipe", stderr: "pipe", detached: true });
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    exited: child.exited.then(() => ({ code: child.exitCode, signal: nameOf(child.signalCode) })),
    async write(text) {
      await child.stdin.write(text);
      await child.stdin.flush();
    },
    signal: (name) => signalGroup(child.pid, name),
  };
};

function nameOf(signal: string | number | null): string | null {
  return signal === null ? null : String(signal);
}

/** Signals the group that `pid` leads; 0 only asks. False when nobody is left in it. */
export function signalGroup(pid: number, name: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch (error) {
    // as: a failed kill() carries the error's name. EPERM: somebody is there who became another user.
    return (error as NodeJS.ErrnoException).code === "EPERM" && name === 0;
  }
}

/** SIGTERM, and SIGKILL after the time of grace to whoever is left of the group. Resolves when nobody is. */
export async function endGroup(group: Pick<Child, "signal">, clock: Clock, leader?: Promise<unknown>): Promise<void> {
  if (group.signal("SIGTERM")) {
    const deadline = clock.monotonic() + GRACE_MS;
    if (leader !== undefined) await settledWithin(leader, GRACE_MS, clock);
    // Nobody tells us of the leader's children, nor of a group that another process started.
    while (group.signal(0) && clock.monotonic() < deadline) await sleep(clock, LOOK_MS);
    group.signal("SIGKILL");
  }
  await leader;
}

/** Whether `work` settles in time. */
export async function settledWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  const timeout = sleep(clock, ms, over.signal).then(
    () => false,
    () => true,
  );
  const inTime = await Promise.race([settled, timeout]);
  over.abort();
  return inTime;
}
