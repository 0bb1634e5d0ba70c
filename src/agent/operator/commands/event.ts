import { clean } from "../../../lib/plain-text.ts";
import type { EventAttempt, EventWithBody, StoredEvent } from "../../../protocol/event.ts";
import { findEvent } from "../../desk/find-event.ts";
import type { Command, CommandContext } from "../command.ts";
import { count, grouped, relative, shortIds } from "../format.ts";
import { indentJson } from "../indent-json.ts";
import { code, fence, inline } from "../untrusted.ts";

/** Bytes of a body that are read to show its first lines. */
const READ = 65_536;
const LINES = 20;
const WIDTH = 160;
const ATTEMPTS = 5;

export const event: Command = {
  name: "event",
  args: "<id>",
  summary: "one event: state, attempts, summary, body",
  reach: "owner",
  looks: true,
  async run(context) {
    const { desk, args, signal, now } = context;
    if (args === "") return "Write an id after the command, or its beginning; `/events` lists them.";
    const found = await findEvent(desk, args, signal);
    switch (found.kind) {
      case "malformed":
        return `${code(args, 60)} is no event's id: those are digits, letters from a to f, and dashes. \`/events\` lists them.`;
      case "none":
        return `None of the ${grouped(found.searched)} latest events that could have it has an id beginning with ${code(args, 60)}. Give the whole id for an older one; \`/events\` and \`/search\` list ids.`;
      case "many":
        return ambiguous(found.events, args, now);
      case "one": {
        const whole = await desk.events.get(found.event_id);
        if (!whole) return `There is no event ${code(found.event_id)}. \`/events\` lists the latest.`;
        return describe(context, whole, await desk.events.attempts(whole.event_id));
      }
    }
  },
};

function ambiguous(events: readonly StoredEvent[], typed: string, now: number): string {
  const short = shortIds(events.map(({ event_id }) => event_id));
  const lines = events.map(
    ({ event_id, received_at, source, type }) =>
      `- ${code(short(event_id))}, ${relative(received_at, now)}: ${inline(source, 40)} ${inline(type, 64)}`,
  );
  return `More than one event has an id beginning with ${code(typed, 60)}. The newest of them:\n\n${lines.join("\n")}`;
}

function describe({ summarize, now }: CommandContext, event: EventWithBody, attempts: readonly EventAttempt[]): string {
  const lines = [
    `Event ${code(event.event_id)}: ${inline(summarize(event), 200)}`,
    "",
    `- source: ${inline(event.source, 64)}, type ${inline(event.type, 64)}, session ${code(event.session_id)}`,
    ...(event.delivery_id === null ? [] : [`- delivery: ${code(event.delivery_id)}`]),
    `- received: ${relative(event.received_at, now)}`,
    `- state: ${event.state}, ${relative(event.updated_at, now)}${event.error === null ? "" : `: ${inline(event.error, 300)}`}`,
    `- ${count(event.attempts, "attempt")}, ${count(Object.keys(event.headers).length, "header")}, ${count(event.size, "byte")} of ${inline(event.content_type, 80) || "unknown type"}`,
    ...attempts.slice(-ATTEMPTS).map((attempt) => {
      const detail = inline(attempt.detail, 200);
      return `  - ${relative(attempt.at, now)}: ${attempt.outcome}${detail === "" ? "" : `, ${detail}`}`;
    }),
  ];
  return `${lines.join("\n")}\n\n${bodyOf(event)}`;
}

function bodyOf({ body }: EventWithBody): string {
  if (body.length === 0) return "The body is empty.";
  const text = readText(body.subarray(0, READ));
  if (text === null || text.includes("\0")) return "The body is binary; `zeroclaw events show` and the API have it.";
  if (clean(text).trim() === "") return "The body has nothing that can be shown.";
  const whole = body.length <= READ;
  if (!isJson(text, whole)) return fence(text, "", { lines: LINES, width: WIDTH, whole });
  // JSON comes as one long line, and its beginning alone would say little.
  const json = indentJson(text, LINES);
  return fence(json.text, "json", { lines: LINES, width: WIDTH, whole: whole && json.whole });
}

function readText(bytes: Uint8Array): string | null {
  try {
    // `stream` forgives a last character that the cut went through.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

/** Whether the text is a JSON object or list; of the beginning of one its first character must do. */
function isJson(text: string, whole: boolean): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  if (!whole) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
