import { configDir } from "../config/paths.ts";
import { humanDuration } from "../lib/time.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { resolveId, shortLength } from "./ids.ts";
import { LocalClient } from "./local-client.ts";
import { printableLine } from "./printable.ts";
import { cell, type Row, rowsOf, timeCell } from "./rows.ts";
import { table } from "./table.ts";

const DEVICES = "/api/devices";

/** `zeroclaw devices list`. */
export async function listDevices({ args, terminal, clock, env }: Context): Promise<number> {
  const answer = await new LocalClient(configDir(env), clock).ask({ path: DEVICES, doing: "list the devices" });
  if (args.flag("json")) {
    terminal.json(answer);
    return EXIT.ok;
  }
  const devices = rowsOf(answer["devices"]);
  if (devices.length === 0) {
    terminal.note("No devices are paired. For a code to pair one with: zeroclaw gateway get-paircode");
    return EXIT.ok;
  }
  const short = shortLength(devices.map((device) => cell(device, "device_id")));
  const rows = devices.map((device) => [
    cell(device, "device_id").slice(0, short),
    cell(device, "name"),
    cell(device, "scope"),
    timeCell(device, "created_at"),
    ago(device, "last_seen_at", clock.now()),
  ]);
  terminal.write(table(terminal, ["ID", "NAME", "SCOPE", "CREATED (UTC)", "LAST SEEN"], rows));
  return EXIT.ok;
}

/** `zeroclaw devices revoke <id>`. */
export async function revokeDevice({ args, terminal, clock, env }: Context): Promise<number> {
  const client = new LocalClient(configDir(env), clock);
  const doing = "revoke the device";
  const device = await find(client, args.positionals[0] ?? "", doing);
  await client.ask({ method: "DELETE", path: `${DEVICES}/${cell(device, "device_id")}`, doing });
  terminal.print(`Revoked ${named(device)}. Its token does not work any more.`);
  return EXIT.ok;
}

/** `zeroclaw devices rename <id> <name>`. */
export async function renameDevice({ args, terminal, clock, env }: Context): Promise<number> {
  const client = new LocalClient(configDir(env), clock);
  const doing = "rename the device";
  const [typed = "", name = ""] = args.positionals;
  if (name === "" || name.length > 64) {
    throw args.wrongUse(`the name is ${name.length} characters long. 1 to 64 are allowed.`);
  }
  const device = await find(client, typed, doing);
  await client.ask({ method: "PATCH", path: `${DEVICES}/${cell(device, "device_id")}`, body: { name }, doing });
  terminal.print(`Renamed ${named(device)} to "${printableLine(name)}".`);
  return EXIT.ok;
}

async function find(client: LocalClient, typed: string, doing: string): Promise<Row> {
  const devices = rowsOf((await client.ask({ path: DEVICES, doing }))["devices"]);
  const ids = devices.map((device) => cell(device, "device_id"));
  return devices[ids.indexOf(resolveId(typed, ids, doing, "device"))] ?? {};
}

function named(device: Row): string {
  return `"${cell(device, "name")}" (${cell(device, "device_id")})`;
}

function ago(row: Row, name: string, now: number): string {
  const at = Date.parse(cell(row, name));
  return Number.isNaN(at) ? "never" : `${humanDuration(now - at)} ago`;
}
