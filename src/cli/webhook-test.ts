import { configDir } from "../config/paths.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { LocalClient } from "./local-client.ts";
import { printable, printableLine } from "./printable.ts";
import { cell, type Row, rowsOf } from "./rows.ts";
import { section } from "./section.ts";
import { table } from "./table.ts";

const DOING = "test the source";

/** `zeroclaw webhook test <source>`: exit code 0 when the gateway took the delivery, 1 when it refused it. */
export async function testWebhook(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const client = new LocalClient(configDir(env), clock);
  const [source] = args.positionals;
  const event = args.value("event");
  if (args.flag("list")) {
    if (event !== undefined) throw args.wrongUse('"--list" shows the examples, "--event" sends one. Give one of them.');
    return listSamples(context, client, source);
  }
  if (source === undefined) throw args.wrongUse("<source> is missing (a source's name). For the names: --list");
  const answer = await client.ask({
    method: "POST",
    path: `/api/sources/${encodeURIComponent(source)}/test`,
    body: event === undefined ? {} : { event },
    doing: DOING,
  });
  const ok = answer["ok"] === true;
  if (args.flag("json")) {
    terminal.json(answer);
    return ok ? EXIT.ok : EXIT.failed;
  }
  terminal.print(`Sent a signed "${cell(answer, "event")}" to ${cell(answer, "url")}`);
  const title = `Answer ${cell(answer, "status")}`;
  const text = printable(typeof answer["answer"] === "string" ? answer["answer"] : "").trim();
  terminal.write(section(terminal, terminal.style(ok ? "green" : "red", title), text === "" ? "(empty)" : text));
  const id = cell(answer, "event_id");
  if (!ok) terminal.note(`Why, and what to do: zeroclaw webhook trace --source ${printableLine(source)}`);
  else if (id !== "") terminal.note(`What becomes of it: zeroclaw events show ${id}`);
  return ok ? EXIT.ok : EXIT.failed;
}

async function listSamples({ args, terminal }: Context, client: LocalClient, only?: string): Promise<number> {
  const all = rowsOf((await client.ask({ path: "/api/sources", doing: "list the sources" }))["sources"]);
  const sources = only === undefined ? all : all.filter((source) => source["source"] === only);
  if (only !== undefined && sources.length === 0) {
    const names = all.map((source) => cell(source, "source")).join(", ");
    const known = names === "" ? "None is configured: a source is a table [channels.<name>]" : `There are ${names}`;
    throw new CommandError(`Cannot list the sources: there is no source "${printableLine(only)}". ${known}.`);
  }
  if (args.flag("json")) {
    terminal.json({ sources });
    return EXIT.ok;
  }
  if (sources.length === 0) {
    terminal.note("No source is configured: a source is a table [channels.<name>] in config.toml.");
    return EXIT.ok;
  }
  const rows = sources.map((source) => [
    cell(source, "source"),
    cell(source, "kind"),
    source["on"] === true ? cell(source, "address") : "off",
    source["on"] === true ? samplesOf(source) : cell(source, "reason"),
  ]);
  terminal.write(table(terminal, ["SOURCE", "KIND", "ADDRESS", "EXAMPLES"], rows));
  return EXIT.ok;
}

function samplesOf(source: Row): string {
  const { samples } = source;
  return Array.isArray(samples) ? printableLine(samples.join(", ")) : "";
}
