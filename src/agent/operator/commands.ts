import type { Command } from "./command.ts";
import { agent } from "./commands/agent.ts";
import { clients } from "./commands/clients.ts";
import { digest } from "./commands/digest.ts";
import { event } from "./commands/event.ts";
import { events } from "./commands/events.ts";
import { makeHelp } from "./commands/help.ts";
import { forget, note, notes } from "./commands/notes.ts";
import { remind, reminders } from "./commands/reminders.ts";
import { search } from "./commands/search.ts";
import { status } from "./commands/status.ts";
import { whoami } from "./commands/whoami.ts";

/** Everything that can be typed after a slash, in the order of `/help`. */
export const COMMANDS: readonly Command[] = [
  makeHelp(() => COMMANDS),
  status,
  events,
  event,
  digest,
  search,
  note,
  notes,
  forget,
  remind,
  reminders,
  clients,
  agent,
  whoami,
];

/** A text that begins with a slash, taken apart. The name is in lower case. */
export interface Typed {
  readonly name: string;
  readonly args: string;
}

const MAX_NAME = 40;

/** Null when the text is no command. `/` alone is one, with an empty name. */
export function parseCommand(text: string): Typed | null {
  const line = text.trim();
  if (!line.startsWith("/")) return null;
  const [name = ""] = /^\S*/.exec(line.slice(1)) ?? [];
  return { name: name.slice(0, MAX_NAME).toLowerCase(), args: line.slice(1 + name.length).trim() };
}
