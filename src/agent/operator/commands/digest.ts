import { humanDuration, parseSince } from "../../../lib/time.ts";
import type { StoredEvent } from "../../../protocol/event.ts";
import type { Command, CommandContext } from "../command.ts";
import { count, grouped, relative, table } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const DEFAULT = "24h";
const PAGE = 500;
const MAX_EVENTS = 10_000;
const MAX_ROWS = 30;

export const digest: Command = {
  name: "digest",
  args: "[24h]",
  summary: "what arrived: counts by source and type, failures first",
  reach: "owner",
  looks: true,
  async run(context) {
    const { args, now } = context;
    const since = parseSince(args === "" ? DEFAULT : args, now);
    if (since === null || since >= now) {
      return `${code(args, 60)} is no time span. Write \`/digest 24h\`, \`/digest 7d\`, \`/digest 90m\` or a date such as \`/digest 2026-11-01\`.`;
    }
    const { groups, events, whole } = await gather(context, since);
    const span = `the last ${humanDuration(now - since)}`;
    if (events === 0) return `No events in ${span}. Try a longer time: \`/digest 7d\`.`;
    const rows = [...groups.values()].sort(worstFirst);
    const failed = rows.reduce((sum, row) => sum + row.dead + row.retrying, 0);
    const head = `${count(events, "event")} in ${span}, ${failed === 0 ? "none failed" : `**${grouped(failed)} failed**`}${whole ? "" : ` (the latest ${grouped(MAX_EVENTS)} are counted)`}:`;
    const shown = table(
      ["source", "type", "events", "dead", "retrying", "waiting", "latest"],
      rows.slice(0, MAX_ROWS).map((row) => cells(row, now)),
    );
    const rest = rows.length <= MAX_ROWS ? "" : `\n\n${count(rows.length - MAX_ROWS, "more kind")} of event.`;
    return `${head}\n\n${shown}${rest}`;
  },
};

interface Group {
  readonly source: string;
  readonly type: string;
  total: number;
  dead: number;
  retrying: number;
  waiting: number;
  latest: number;
}

async function gather({ desk, signal }: CommandContext, since: number) {
  const groups = new Map<string, Group>();
  let events = 0;
  let after: string | null = null;
  do {
    signal.throwIfAborted();
    const page = await desk.events.list({ since, limit: PAGE, ...(after === null ? {} : { after }) });
    for (const event of page.items) add(groups, event);
    events += page.items.length;
    after = page.next;
  } while (after !== null && events < MAX_EVENTS);
  return { groups, events, whole: after === null };
}

function add(groups: Map<string, Group>, { source, type, state, received_at }: StoredEvent): void {
  const key = JSON.stringify([source, type]);
  const group = groups.get(key) ?? { source, type, total: 0, dead: 0, retrying: 0, waiting: 0, latest: received_at };
  groups.set(key, group);
  group.total += 1;
  group.latest = Math.max(group.latest, received_at);
  if (state === "dead") group.dead += 1;
  if (state === "retrying") group.retrying += 1;
  if (state === "received" || state === "running") group.waiting += 1;
}

function worstFirst(a: Group, b: Group): number {
  return (
    b.dead - a.dead ||
    b.retrying - a.retrying ||
    b.total - a.total ||
    compare(a.source, b.source) ||
    compare(a.type, b.type)
  );
}

// By code unit and not by locale: the same events give the same answer on every machine.
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function cells({ source, type, total, dead, retrying, waiting, latest }: Group, now: number): readonly string[] {
  const numbers = [total, dead, retrying, waiting].map(grouped);
  return [inline(source, 40), inline(type, 64), ...numbers, relative(latest, now)];
}
