import { configDir } from "../config/paths.ts";
import { rfc3339 } from "../lib/time.ts";
import type { Context } from "./command.ts";
import { wholeEventId } from "./event-id.ts";
import { EXIT } from "./exit-codes.ts";
import { LocalClient, Refused } from "./local-client.ts";
import { readPages } from "./pages.ts";
import { printableLine } from "./printable.ts";
import { cell } from "./rows.ts";
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

async function replayFailed({ terminal, clock }: Context, client: LocalClient, filter: BulkFilter): Promise<number> {
  const began = rfc3339(clock.now());
  const answer = await client.ask({
    method: "POST",
    path: "/api/events/replay",
    body: filter,
    doing: DOING,
    answerMs: BULK_MS,
  });
  const events = Number(answer["events"] ?? 0);
  const more = answer["more"] === true;
  if (events > 0) terminal.print(`Replaying ${events === 1 ? "1 event" : `${events} events`}.`);
  if (more) {
    terminal.note("There are more. Run it again for those.");
    return EXIT.ok;
  }
  const passedOver = await left(client, filter, began);
  if (passedOver.count > 0) terminal.note(aboutGone(passedOver));
  else if (events === 0) terminal.note("No failed events match.");
  return EXIT.ok;
}

interface Left {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
}

const MOST_COUNTED = 1_000;

/**
 * Events that match and that the gateway passed over, which it does with those alone whose bytes are gone. Events that were
 * replayed and have died again since are among the dead too, with a later change.
 */
async function left(client: LocalClient, filter: BulkFilter, began: string): Promise<Left> {
  const wanted = new URLSearchParams({ ...filter });
  const list = { path: "/api/events", field: "events", doing: "list the events that cannot be replayed" };
  const { rows, next } = await readPages(client, list, wanted, MOST_COUNTED);
  const untouched = rows.filter((row) => cell(row, "updated_at") < began);
  return { count: untouched.length, more: next !== null };
}

function aboutGone({ count, more }: Left): string {
  const [events, what] =
    count === 1 && !more
      ? ["1 failed event", "its headers and body"]
      : [`${count} failed events`, "their headers and bodies"];
  return (
    `${more ? "At least " : ""}${events} cannot be replayed: ${what} were deleted ` +
    "(store.retention_days, or a purge). Have the sender send again what is still wanted."
  );
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
