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
    ["replies", replies(answer["replies"])],
  ];
  terminal.write(
    facts(
      terminal,
      rows.filter(([, value]) => value !== ""),
    ),
  );
  for (const hint of hints(answer)) terminal.note(hint);
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
      const silent = channel["silent"] === true ? " (silent: nothing came for longer than expect_every)" : "";
      return cell(channel, "name") + off + silent;
    })
    .join("\n");
}

function inbox(value: unknown): string {
  if (!isObject(value)) return "";
  const shown = { received: "waiting", running: "running", retrying: "retrying", dead: "dead" };
  return Object.entries(shown)
    .map(([name, word]) => `${count(value, name)} ${word}`)
    .join(", ");
}

/** Answers on their way back; empty when an older gateway says nothing of them. */
function replies(value: unknown): string {
  if (!isObject(value)) return "";
  const waiting = count(value, "pending") + count(value, "sending");
  const rest = ["retrying", "sent", "uncertain", "dead"].map((name) => `${count(value, name)} ${name}`);
  return [`${waiting} waiting`, ...rest].join(", ");
}

/** What asks for a person. */
function hints(answer: Row): readonly string[] {
  const of = (name: string): Row => (isObject(answer[name]) ? answer[name] : {});
  const dead = count(of("inbox"), "dead");
  const lost = count(of("replies"), "uncertain") + count(of("replies"), "dead");
  return [
    ...(dead > 0 ? ["Dead events: zeroclaw events list --state dead. Again: zeroclaw events replay --failed"] : []),
    ...(lost > 0
      ? ["Uncertain and dead replies are not sent again by themselves: zeroclaw events show <id> says why"]
      : []),
  ];
}

function count(row: Row, name: string): number {
  const value = row[name];
  return typeof value === "number" ? value : 0;
}
