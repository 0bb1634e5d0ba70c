import { configDir } from "../config/paths.ts";
import { timeOfId } from "../lib/ids.ts";
import { rfc3339 } from "../lib/time.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { checkPrefix, isWholeId, resolveId, shortLength } from "./ids.ts";
import { LocalClient, Refused } from "./local-client.ts";
import { readPages } from "./pages.ts";
import { printable, printableLine } from "./printable.ts";
import { redelivery } from "./redelivery.ts";
import { cell, type Row, rowsOf, sizeText, timeCell } from "./rows.ts";
import { section } from "./section.ts";
import { facts, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { timeOption } from "./time-option.ts";

const DOING = "trace the delivery";
const REFUSALS = { path: "/api/refusals", field: "refusals", doing: DOING };
const LIST = "zeroclaw webhook trace";
const USUAL_LIMIT = 20;
const MAX_LIMIT = 10_000;
/** How far back the beginning of an id is looked for. */
const SEARCHED = 5_000;

/** `zeroclaw webhook trace`: the latest refused deliveries, or all about one of them. */
export async function traceWebhook(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const client = new LocalClient(configDir(env), clock);
  const [typed] = args.positionals;
  if (typed === undefined) return listRefusals(context, client);
  if (["source", "since", "limit"].some((option) => args.flag(option))) {
    throw args.wrongUse('"--source", "--since" and "--limit" are for the list. Leave them out, or the id.');
  }
  const refusal = await find(client, typed);
  if (args.flag("json")) terminal.json(refusal);
  else terminal.write(refusalText(terminal, refusal, await kindOf(client, cell(refusal, "source"))));
  return EXIT.ok;
}

async function listRefusals(context: Context, client: LocalClient): Promise<number> {
  const { args, terminal } = context;
  const limit = args.wholeNumber("limit", 1, MAX_LIMIT, "a number of deliveries") ?? USUAL_LIMIT;
  const since = timeOption(context, "since");
  const source = args.value("source");
  const filter = new URLSearchParams();
  if (source !== undefined) filter.set("source", source);
  if (since !== undefined) filter.set("since", since);
  const { rows, next } = await readPages(client, { ...REFUSALS, doing: "list the refused deliveries" }, filter, limit);
  if (args.flag("json")) {
    terminal.json({ refusals: rows, next });
    return EXIT.ok;
  }
  if (rows.length === 0) {
    terminal.note("No delivery was refused. Those that were accepted: zeroclaw events list");
    return EXIT.ok;
  }
  const short = shortLength(rows.map((row) => cell(row, "request_id")));
  const cells = rows.map((row) => [
    timeCell(row, "at"),
    cell(row, "request_id").slice(0, short),
    cell(row, "source"),
    cell(row, "reason"),
    cell(row, "client"),
  ]);
  terminal.write(table(terminal, ["TIME (UTC)", "REQUEST", "SOURCE", "REASON", "CLIENT"], cells));
  if (next !== null)
    terminal.note(`There are more. For as many as you like: --limit ${Math.min(limit * 5, MAX_LIMIT)}`);
  terminal.note("What was found, and what to do: zeroclaw webhook trace <request>");
  return EXIT.ok;
}

/** The refusal of the request whose id is, or begins with, what was typed. @throws CommandError */
async function find(client: LocalClient, typed: string): Promise<Row> {
  const wanted = typed.toLowerCase();
  if (isWholeId(wanted)) {
    const { rows } = await readPages(client, REFUSALS, new URLSearchParams({ request_id: wanted }), 1);
    if (rows[0]) return rows[0];
    throw new CommandError(
      `Cannot ${DOING}: no refused delivery had the request id "${wanted}".\n` +
        `If it was accepted, it is among the events: zeroclaw events list\nThose that were refused: ${LIST}`,
    );
  }
  checkPrefix(wanted, DOING, "request", LIST);
  const filter = new URLSearchParams();
  // Ids begin with their time, so nothing older than the lowest id with this beginning needs to be looked through.
  const since = timeOfId(`${wanted}${"00000000-0000-7".slice(wanted.length)}`);
  if (since > 0) filter.set("since", rfc3339(since - 1));
  const { rows } = await readPages(client, REFUSALS, filter, SEARCHED);
  const ids = rows.map((row) => cell(row, "request_id"));
  return rows[ids.indexOf(resolveId(wanted, ids, DOING, "request", LIST))] ?? {};
}

/** `github`, `stripe`, …: the name is enough for two of them. Empty when the source is not configured any more. */
async function kindOf(client: LocalClient, source: string): Promise<string> {
  try {
    const sources = rowsOf((await client.ask({ path: "/api/sources", doing: DOING }))["sources"]);
    return cell(sources.find((row) => row["source"] === source) ?? {}, "kind") || source;
  } catch (error) {
    if (error instanceof Refused) return source; // an older gateway
    throw error;
  }
}

function refusalText(terminal: Terminal, refusal: Row, kind: string): string {
  const known = ["source", "reason", "client", "event"];
  const delivery = cell(refusal, "delivery_id");
  return [
    facts(terminal, [
      ["request", cell(refusal, "request_id")],
      ["time", `${timeCell(refusal, "at")} UTC`],
      ...known.map((name) => [name, cell(refusal, name)] as const).filter(([, value]) => value !== ""),
      ["size", sizeText(refusal["size"])],
      ...(delivery === "" ? [] : [["delivery", delivery] as const]),
    ]),
    section(terminal, "What was found", printable(textOf(refusal, "detail"))),
    section(terminal, "What to do", printable(textOf(refusal, "fix"))),
    section(terminal, "To have it sent again", redelivery(kind, delivery)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function textOf(row: Row, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : printableLine(String(value ?? ""));
}
