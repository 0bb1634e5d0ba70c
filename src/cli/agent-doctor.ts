import type { Check } from "../agent/detect/check.ts";
import { failed } from "../agent/detect/check.ts";
import { checkAgent } from "../agent/detect/checkup.ts";
import { LOOPBACK_SERVERS } from "../agent/detect/find-servers.ts";
import { greeter } from "../agent/detect/greet.ts";
import { thisMachine } from "../agent/detect/this-machine.ts";
import { loadConfig } from "../config/load.ts";
import { configDir } from "../config/paths.ts";
import type { Config } from "../config/settings.ts";
import { Log } from "../observe/log.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { printable } from "./printable.ts";
import { readRunning } from "./running.ts";
import type { Terminal } from "./terminal.ts";

export type Checkup = (context: Context, config: Config["agent"]) => Promise<readonly Check[]>;

/** A program that says nothing for so long will not answer a person in time either; `npx` may have to install first. */
const HANDSHAKE_MS = 60_000;

/** `zeroclaw agent doctor`: what stands in the way of an answer. Exit code 1 when something does. */
export async function examineAgent(context: Context, examine: Checkup = checkup): Promise<number> {
  const { args, terminal } = context;
  const checks = await checksOf(context, examine);
  const healthy = checks.every(({ state }) => state !== "failed");
  if (args.flag("json")) terminal.json({ ok: healthy, checks });
  else terminal.write(checksText(terminal, checks));
  return healthy ? EXIT.ok : EXIT.failed;
}

async function checksOf(context: Context, examine: Checkup): Promise<readonly Check[]> {
  let config: Config;
  try {
    ({ config } = await loadConfig({ dir: configDir(context.env), env: context.env }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ConfigError") throw error;
    return [failed("settings", error.message)];
  }
  return examine(context, config.agent);
}

async function checkup({ env, clock }: Context, config: Config["agent"]): Promise<readonly Check[]> {
  const dir = configDir(env);
  const ownPort = (await readRunning(dir))?.port ?? 0;
  const late = new AbortController();
  const why = new Error(`It did not answer "initialize" within ${HANDSHAKE_MS / 1_000} s`);
  const timer = clock.after(HANDSHAKE_MS, () => late.abort(why));
  const log = new Log({ clock, write: () => {}, format: "json", level: "error" }); // what matters is in the checks
  const greet = greeter({ clock, env, log }, late.signal);
  const machine = thisMachine(env);
  try {
    return await checkAgent({ ...machine, fetch, clock, env, dir, ownPort, servers: LOOPBACK_SERVERS, greet }, config);
  } finally {
    timer.cancel();
  }
}

const WORDS = { ok: ["green", "ok"], failed: ["red", "failed"], unknown: ["yellow", "?"] } as const;

function checksText(terminal: Terminal, checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const margin = " ".repeat("failed".length + 2 + width + 2);
  return checks
    .map(({ name, state, detail, hint }) => {
      const [style, word] = WORDS[state];
      const lines = [detail, ...(hint === undefined ? [] : [hint])].map(printable).join("\n");
      const head = terminal.style(style, word) + " ".repeat("failed".length - word.length);
      return `${head}  ${name.padEnd(width)}  ${lines.replaceAll("\n", `\n${margin}`)}\n`;
    })
    .join("");
}
