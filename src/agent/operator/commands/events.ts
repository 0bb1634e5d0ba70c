import type { Command } from "../command.ts";
import { relative, shortIds, table } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const DEFAULT = 10;
const MAX = 50;

export const events: Command = {
  name: "events",
  args: "[source] [n]",
  summary: "the latest events, newest first",
  reach: "owner",
  looks: true,
  async run({ desk, args, now }) {
    const asked = read(args);
    if (!asked) return `Write \`/events\`, \`/events github\` or \`/events github 20\`; at most ${MAX} are shown.`;
    const { source, limit } = asked;
    const { items, next } = await desk.events.list({ limit, ...(source === null ? {} : { source }) });
    if (items.length === 0) {
      if (source === null)
        return "No events have arrived. POST /webhook takes them from every device that has a token.";
      return `No events from ${code(source)}. Try \`/events\` without a source: it shows who sent something.`;
    }
    const short = shortIds(items.map(({ event_id }) => event_id));
    const rows = items.map((event) => [
      code(short(event.event_id)),
      relative(event.received_at, now),
      inline(event.source, 40),
      inline(event.type, 64),
      event.state,
    ]);
    const most = code(source === null ? `/events ${MAX}` : `/events ${source} ${MAX}`);
    const more = next === null || limit === MAX ? "" : ` There are more: ${most}.`;
    return `${table(["id", "received", "source", "type", "state"], rows)}\n\n\`/event <id>\` shows one.${more}`;
  },
};

/** A number and a source, in either order; null for anything else. */
function read(args: string): { readonly source: string | null; readonly limit: number } | null {
  const words = args.split(/\s+/).filter((word) => word !== "");
  const numbers = words.filter((word) => /^\d{1,9}$/.test(word));
  const names = words.filter((word) => !/^\d{1,9}$/.test(word));
  if (numbers.length > 1 || names.length > 1) return null;
  const limit = numbers[0] === undefined ? DEFAULT : Math.min(MAX, Number(numbers[0]));
  return limit === 0 ? null : { source: names[0] ?? null, limit };
}
