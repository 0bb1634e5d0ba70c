import { configDir } from "../config/paths.ts";
import type { Context } from "./command.ts";
import { wholeEventId } from "./event-id.ts";
import { EXIT } from "./exit-codes.ts";
import { LocalClient, Refused } from "./local-client.ts";
import { printableLine } from "./printable.ts";
import { timeOption } from "./time-option.ts";

const DOING = "replay events";
/** A hundred thousand events in transactions of a few milliseconds. */
const BULK_MS = 240_000;

/** `zeroclaw events replay <id>…` and `zeroclaw events replay --failed`. */
export async function replayEvents(context: Context): Promise<number> {
  const { args, clock, env } = context;
  const filter = bulkFilter(context);
  const client = new LocalClient(configDir(env), clock);
  return filter ? replayFailed(context, client, filter) : replayEach(context, client, args.positionals);
}

interface BulkFilter {
  readonly state: "dead";
  readonly source?: string;
  readonly since?: string;
}

/** What `--failed` selects; null when events are named. @throws UsageError */
function bulkFilter(context: Context): BulkFilter | null {
  const { args } = context;
  const source = args.value("source");
  const since = timeOption(context, "since");
  const named = args.positionals.length > 0;
  if (args.flag("failed")) {
    if (named) throw args.wrongUse('give either ids or "--failed", not both.');
    return {
      state: "dead",
      ...(source === undefined ? {} : { source }),
      ...(since === undefined ? {} : { since }),
    };
  }
  if (!named) throw args.wrongUse('which? Give the ids of events, or "--failed" for all that are dead.');
  if (source !== undefined || since !== undefined) {
    throw args.wrongUse('"--source" and "--since" choose among failed events. Add "--failed", or leave them out.');
  }
  return null;
}

async function replayFailed({ terminal }: Context, client: LocalClient, filter: BulkFilter): Promise<number> {
  const answer = await client.ask({
    method: "POST",
    path: "/api/events/replay",
    body: filter,
    doing: DOING,
    answerMs: BULK_MS,
  });
  const events = Number(answer["events"] ?? 0);
  if (events === 0) terminal.note("No failed events match.");
  else terminal.print(`Replaying ${events === 1 ? "1 event" : `${events} events`}.`);
  if (answer["more"] === true) terminal.note("There are more. Run it again for those.");
  return EXIT.ok;
}

async function replayEach({ terminal }: Context, client: LocalClient, typed: readonly string[]): Promise<number> {
  // All of them are found before the first is replayed: a mistyped one changes nothing.
  const ids: string[] = [];
  for (const one of typed) ids.push(await wholeEventId(client, one, DOING));
  let failures = 0;
  for (const id of new Set(ids)) {
    try {
      await client.ask({ method: "POST", path: `/api/events/${id}/replay`, doing: `replay ${id}` });
      terminal.print(`Replaying ${printableLine(id)}.`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      failures += 1;
      terminal.error(error.message);
    }
  }
  return failures === 0 ? EXIT.ok : EXIT.failed;
}
