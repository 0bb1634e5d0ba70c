import { existsSync } from "node:fs";
import { loadConfig } from "../config/load.ts";
import { configDir, configPath } from "../config/paths.ts";
import type { GatewayOptions, RunningGateway } from "../gateway/gateway.ts";
import { nearest } from "../lib/nearest.ts";
import { systemRandom } from "../lib/random.ts";
import { type Level, Log } from "../observe/log.ts";
import type { Arguments } from "./args.ts";
import type { Context } from "./command.ts";
import { UsageError } from "./exit-codes.ts";
import { gatewayBanner } from "./gateway-banner.ts";
import { Interrupts } from "./interrupts.ts";
import { printableLine } from "./printable.ts";
import type { Terminal } from "./terminal.ts";
import { codeOfSecond, untilStopped } from "./until-stopped.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly Level[];

export type Start = (options: GatewayOptions) => Promise<RunningGateway>;

/** `zeroclaw gateway`: starts it, prints the startup lines, and serves until a signal or a failure ends it. */
export async function gateway(context: Context, start: Start = startReal): Promise<number> {
  const { terminal, logSink, events, env, clock } = context;
  const log = new Log({
    clock,
    write: (lines) => logSink.write(lines),
    format: terminal.notesAreRead ? "human" : "json",
    level: levelOf(env["ZEROCLAW_LOG"]),
  });
  const interrupts = new Interrupts(events, ["SIGINT", "SIGTERM", "SIGHUP"]);
  // One request's mistake in a timer or a socket handler must not end everybody else's.
  const stopFaults = events.onFault((error) => log.error("Unexpected error; the gateway goes on", faultFields(error)));
  try {
    return await Promise.race([serve(context, start, log, interrupts), interrupts.second.then(codeOfSecond)]);
  } finally {
    stopFaults();
    interrupts.close();
    logSink.flush();
  }
}

/** Loaded only now, so that help and usage errors do not wait for the server. */
async function startReal(options: GatewayOptions): Promise<RunningGateway> {
  return (await import("../gateway/gateway.ts")).startGateway(options);
}

async function serve(context: Context, start: Start, log: Log, interrupts: Interrupts): Promise<number> {
  const { args, env, clock, terminal } = context;
  refuseBelowAgent(env["ZEROCLAW_AGENT_OF"]);
  const flags = flagsOf(args);
  const dir = configDir(env);
  if (!existsSync(configPath(dir))) await (await import("../config/first-file.ts")).createFirstFile(configPath(dir));
  const loaded = await loadConfig({ dir, env, flags });
  const newPairing = args.flag("new-pairing");
  const running = await start({ dir, loaded, env, clock, random: systemRandom, log, newPairing });
  const { host, port, code } = running;
  const randomPort = loaded.config.gateway.port === 0;
  announce(terminal, log, gatewayBanner({ host, port, randomPort, code, newPairing }));
  for (const warning of new Set([...loaded.warnings, ...running.warnings])) log.warn(warning);
  Bun.unsafe.setJITPolicy(1); // the executable starts reluctant to compile (scripts/build.ts); from here on it pays
  return untilStopped(running, interrupts, clock, log);
}

/** A wrapper script may lead agent.command back to this program, which would start gateways without end. @throws UsageError */
function refuseBelowAgent(pid: string | undefined): void {
  if (pid === undefined || pid === "") return;
  throw new UsageError(
    `Cannot start the gateway: ZEROCLAW_AGENT_OF is "${printableLine(pid)}", so the gateway with that pid runs this as its agent. Its agent.command leads back to this program itself: name the agent's own program there. An agent that is to start a gateway of its own unsets the variable first.`,
  );
}

function flagsOf(args: Arguments): { port?: number; host?: string } {
  const port = args.wholeNumber("port", 0, 65_535, "a port");
  const host = args.value("host");
  if (host?.trim() === "") throw args.wrong("host", "names no address", 'Use "127.0.0.1", "0.0.0.0" or another one');
  return { ...(port === undefined ? {} : { port }), ...(host === undefined ? {} : { host }) };
}

/** A gateway whose stdout is closed, or on a full disk, serves all the same. */
function announce(terminal: Terminal, log: Log, banner: string): void {
  try {
    terminal.write(banner);
  } catch (error) {
    log.warn("The startup lines could not be written to stdout; zeroclaw gateway get-paircode has the code", {
      error: String(error),
    });
  }
}

/** @throws UsageError */
function levelOf(text: string | undefined): Level {
  if (text === undefined || text === "") return "info";
  const level = LEVELS.find((each) => each === text.toLowerCase());
  if (level !== undefined) return level;
  const close = nearest(text, LEVELS);
  const hint = close === undefined ? "" : ` Did you mean "${close}"?`;
  throw new UsageError(
    `Cannot start the gateway: ZEROCLAW_LOG is "${printableLine(text)}", but it must be debug, info, warn or error.${hint}`,
  );
}

function faultFields(error: unknown): { error: string; stack?: string | undefined } {
  return error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) };
}
