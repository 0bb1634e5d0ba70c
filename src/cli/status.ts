import { configDir } from "../config/paths.ts";
import { isObject } from "../lib/json.ts";
import { humanDuration } from "../lib/time.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { inUrl } from "./gateway-banner.ts";
import { LocalClient } from "./local-client.ts";
import { cell, type Row, rowsOf } from "./rows.ts";
import { readRunning } from "./running.ts";
import { facts } from "./table.ts";

/** `zeroclaw status`: exit code 0 when the gateway answers, 1 when it does not. */
export async function status({ args, terminal, clock, env }: Context): Promise<number> {
  const dir = configDir(env);
  const answer = await new LocalClient(dir, clock)
    .ask({ path: "/api/status", doing: "show the status" })
    .catch((error: unknown) => {
      if (error instanceof CommandError) return error;
      throw error;
    });
  const running = await readRunning(dir);
  if (answer instanceof CommandError) {
    if (args.flag("json")) terminal.json({ running: running !== null, reachable: false, folder: dir, ...running });
    else terminal.error(answer.message);
    return EXIT.failed;
  }
  if (args.flag("json")) {
    terminal.json({ running: true, reachable: true, folder: dir, ...running, ...answer });
    return EXIT.ok;
  }
  const address = running ? `http://${inUrl(running.host)}:${running.port}` : cell(answer, "address");
  const rows: readonly (readonly [string, string])[] = [
    ["status", health(answer)],
    ["address", address],
    ["pid", cell(answer, "pid") || String(running?.pid ?? "")],
    ["version", cell(answer, "version")],
    ["uptime", humanDuration(Number(answer["uptime_seconds"]) * 1_000)],
    ["folder", dir],
    ["agent", agent(answer["agent"])],
    ["channels", channels(answer["channels"])],
    ["devices", cell(answer, "devices")],
    ["inbox", inbox(answer["inbox"])],
  ];
  terminal.write(
    facts(
      terminal,
      rows.filter(([, value]) => value !== ""),
    ),
  );
  return EXIT.ok;
}

const HEALTH: Readonly<Record<string, string>> = {
  ok: "running",
  draining: "stopping: it finishes what it has begun",
  store_unavailable: "running, but its store cannot write: is the disk full?",
};

function health(answer: Row): string {
  const state = cell(answer, "status");
  return HEALTH[state] ?? state;
}

function agent(value: unknown): string {
  if (!isObject(value)) return "";
  const [kind, model] = [cell(value, "kind"), cell(value, "model")];
  return model === "" || model === kind ? kind : `${kind} (${model})`;
}

function channels(value: unknown): string {
  return rowsOf(value)
    .map((channel) => {
      const off = channel["on"] === false ? ` (off: ${cell(channel, "reason") || "not set up"})` : "";
      return cell(channel, "name") + off;
    })
    .join("\n");
}

function inbox(value: unknown): string {
  if (!isObject(value)) return "";
  const names = [
    ["received", "waiting"],
    ["running", "running"],
    ["retrying", "retrying"],
    ["dead", "dead"],
  ] as const;
  return names.map(([name, shown]) => `${cell(value, name) || "0"} ${shown}`).join(", ");
}
