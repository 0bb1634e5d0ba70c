import { join } from "node:path";
import type { Agent } from "../agent/agent.ts";
import type { LoadedConfig } from "../config/load.ts";
import { type Environment, STATE_FILES } from "../config/paths.ts";
import { TokenFile } from "../config/token-file.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { rfc3339 } from "../lib/time.ts";
import { VERSION } from "../lib/version.ts";
import type { Log } from "../observe/log.ts";
import { type FolderLock, lockFolder } from "../store/sqlite/folder-lock.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { listen, listenLocal, type Server } from "./listen.ts";
import { readRunningFile, removeRunningFile, writeRunningFile } from "./running-file.ts";
import { Services } from "./services.ts";
import { StartError } from "./start-error.ts";
import { startWarnings } from "./start-warnings.ts";

export interface GatewayOptions {
  /** The folder of configuration and state; it exists. */
  readonly dir: string;
  readonly loaded: LoadedConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The process's environment, for agents. @default nothing */
  readonly env?: Environment;
  /** Clears all paired tokens and lockouts. */
  readonly newPairing: boolean;
  /** Answers instead of the agent that the configuration names: for programs that bring their own, and for tests. */
  readonly agent?: Agent;
}

/** Longer than a client that waits for the port takes to come. A real millisecond: it is the event loop that has to turn. */
const ANSWER_FIRST_MS = 1;

/** A gateway that answers. */
export interface RunningGateway {
  readonly host: string;
  readonly port: number;
  /** The pairing code to print. */
  readonly code: string;
  readonly warnings: readonly string[];
  /** Stops accepting, gives what is in flight `deadlineMs`, hands the rest back to the store. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Starts a gateway on a folder. Nothing is changed (no token cleared, no code made) before the port is ours.
 * @throws StartError @throws ConfigError
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { dir, loaded, clock } = options;
  const files = Object.fromEntries(Object.entries(STATE_FILES).map(([name, file]) => [name, join(dir, file)]));
  const paths = files as Record<keyof typeof STATE_FILES, string>; // the same keys, joined
  const lock = takeFolder(dir, paths);
  const undo: (() => unknown)[] = [() => lock.release(), () => removeRunningFile(paths.running)];
  const note = (port: number) => {
    const { host } = loaded.config.gateway;
    const started_at = rfc3339(clock.now());
    writeRunningFile(paths.running, { pid: process.pid, host, port, started_at, version: VERSION });
  };
  try {
    note(loaded.config.gateway.port); // at once, so that a second start can say who was first
    const store = await openStore(options);
    undo.push(() => store.close());
    const services = await Services.assemble({ ...options, store, tokens: new TokenFile(loaded.path, clock) });
    undo.push(() => services.stop());
    const { host, port } = loaded.config.gateway;
    const handle = services.handle.bind(services);
    const server = listen(host, port, handle, services.websocket, services.largestBody);
    undo.push(() => server.stop(true));
    if (options.newPairing) await services.forgetEveryone();
    const code = services.open(`${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${server.port}`);
    note(server.port ?? port);
    await services.resume();
    // Who knocks while we start is answered before the second server is made, which holds up the event loop for 1 to 2 ms.
    await Bun.sleep(ANSWER_FIRST_MS);
    const local = listenLocal(paths.socket, (request, server) => services.handleLocal(request, server));
    if ("server" in local) undo.push(() => local.server.stop(true));
    return {
      host,
      port: server.port ?? port,
      code,
      warnings: startWarnings(loaded, "reason" in local ? local.reason : null),
      stop: (deadlineMs) => stop({ services, store, server, local, lock, paths, log: options.log }, deadlineMs),
    };
  } catch (error) {
    await inTurn(undo.reverse(), options.log);
    throw error;
  }
}

/** Does every step, whatever became of those before it: the lock must be released although a flush failed. */
async function inTurn(steps: readonly (() => unknown)[], log: Log): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      log.error("Cannot stop a part of the gateway", { error: String(error) });
    }
  }
}

interface Parts {
  readonly services: Services;
  readonly store: Store;
  readonly server: Server;
  readonly local: ReturnType<typeof listenLocal>;
  readonly lock: FolderLock;
  readonly paths: Record<keyof typeof STATE_FILES, string>;
  readonly log: Log;
}

async function stop({ services, store, server, local, lock, paths, log }: Parts, deadlineMs: number): Promise<void> {
  // No new connections from here on, not through the socket either; those that are busy finish.
  const closed = Promise.all([server.stop(), "server" in local ? local.server.stop() : null]);
  const steps = [
    () => services.drain(closed, deadlineMs),
    () => server.stop(true),
    () => ("server" in local ? local.server.stop(true) : undefined),
    () => services.stop(),
    () => store.close(),
    () => removeRunningFile(paths.running),
    () => lock.release(),
  ];
  await inTurn(steps, log);
}

function takeFolder(dir: string, paths: Record<keyof typeof STATE_FILES, string>): FolderLock {
  let lock: FolderLock | null;
  try {
    lock = lockFolder(paths.lock);
  } catch (error) {
    throw new StartError(
      `Cannot use the folder ${dir}: ${error instanceof Error ? error.message : String(error)}. It must be on a disk that can be written; ZEROCLAW_CONFIG_DIR names another folder.`,
      { cause: error },
    );
  }
  if (lock) return lock;
  const other = readRunningFile(paths.running);
  const who = other ? `another gateway (pid ${other.pid}, ${other.host}:${other.port})` : "another gateway";
  throw new StartError(
    `Cannot start on the folder ${dir}: ${who} runs there already. Stop it first, or give this one a folder of its own: ZEROCLAW_CONFIG_DIR=~/.zeroclaw-2 zeroclaw gateway -p 0`,
  );
}

async function openStore({ dir, loaded, clock, log }: GatewayOptions): Promise<Store> {
  const { url } = loaded.config.store;
  if (!url.startsWith("sqlite:")) {
    throw new StartError(
      `Cannot open the store "${new URL(url).protocol}//…": this version keeps its state in SQLite only. Set store.url = "sqlite:state.db".`,
    );
  }
  try {
    return await openSqliteStore({ path: join(dir, url.slice("sqlite:".length)), clock, log });
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
