import { configDir } from "../config/paths.ts";
import { parseSince, rfc3339 } from "../lib/time.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { readLines } from "./input.ts";
import { LocalClient } from "./local-client.ts";
import { printableLine } from "./printable.ts";

const DOING = "purge events";
const USUAL_AGE = "30d";
/** The gateway ends a request after so many events, and says that there are more. */
const STEP_MS = 240_000;

/** `zeroclaw events purge`: deletes what is stored of ended events, once somebody has said yes. */
export async function purgeEvents(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const filter = purgeFilter(context);
  if (!args.flag("yes") && !(await confirmed(context, filter))) {
    terminal.note("Nothing was purged.");
    return EXIT.failed;
  }
  const client = new LocalClient(configDir(env), clock);
  let purged = 0;
  let removed = 0;
  let more = true;
  while (more) {
    const request = {
      method: "POST",
      path: "/api/events/purge",
      body: filter,
      doing: DOING,
      answerMs: STEP_MS,
    } as const;
    const answer = await client.ask(request);
    const [p, r] = [Number(answer["purged"] ?? 0), Number(answer["removed"] ?? 0)];
    purged += p;
    removed += r;
    more = answer["more"] === true && p + r > 0; // without progress it would be asked for ever
  }
  if (purged + removed === 0) terminal.note("No events match: nothing was purged.");
  else terminal.print(`Purged ${counted(purged)}. Removed ${counted(removed)} altogether.`);
  return EXIT.ok;
}

interface Purge {
  /** RFC 3339: the same for every step. */
  readonly before: string;
  readonly source?: string;
  readonly state?: "dead" | "done";
}

function purgeFilter({ args, clock }: Context): Purge {
  const age = args.value("older-than") ?? USUAL_AGE;
  const before = parseSince(age, clock.now());
  if (before === null) throw args.wrong("older-than", "is not an age", "Use 30d, 12h or 2026-11-22T14:05:00Z");
  const source = args.value("source");
  const state = args.oneOf("state", ["dead", "done"] as const);
  return {
    before: rfc3339(before),
    ...(source === undefined ? {} : { source }),
    ...(state === undefined ? {} : { state }),
  };
}

/** Asks who sits at the terminal. @throws UsageError when nobody does */
async function confirmed({ args, terminal, input }: Context, { before, source, state }: Purge): Promise<boolean> {
  if (!(await input.isTerminal())) {
    throw args.wrongUse('it deletes for good, and nobody is at a terminal to be asked. Add "--yes".');
  }
  const which = `${state === undefined ? "ended" : state} events${source === undefined ? "" : ` of ${printableLine(source)}`}`;
  terminal.note(
    `This deletes the headers, bodies and search text of all ${which} that ended before ${before}, and those older than\n` +
      "7 days altogether. They cannot be replayed or looked at any more. Type y to go on:",
  );
  for await (const line of readLines(input)) return /^\s*y(es)?\s*$/i.test(line);
  return false;
}

function counted(events: number): string {
  return events === 1 ? "1 event" : `${events} events`;
}
