import { isObject } from "../lib/json.ts";
import type { Plan } from "./channel.ts";
import { field, list, text } from "./fields.ts";
import type { WhatsappItem } from "./whatsapp-items.ts";

/** Whether this number or user id may talk to the agent. */
export type Senders = (person: string) => boolean;

export interface WhatsappSettings {
  readonly allowed: Senders;
  /** The number that answers; null: the one that was written to. */
  readonly phone: string | null;
}

/** Numbers are compared by their digits, `+49 170 123-45` is `4917012345`; other ids as they stand. `*` is anyone. */
export function senders(allowed: readonly string[]): Senders {
  if (allowed.includes("*")) return (person) => person !== "";
  const known = new Set(allowed.map(digits).filter((entry) => entry !== ""));
  return (person) => known.has(person);
}

function digits(entry: string): string {
  return /^[+\d\s().-]+$/.test(entry) && /\d/.test(entry) ? entry.replace(/\D/g, "") : entry;
}

/** What the agent gets: messages with words or data in them, of people who may talk to it. */
export function whatsappPlan(found: WhatsappItem, { allowed, phone }: WhatsappSettings): Plan {
  const { kind, item, person } = found;
  if (kind !== "message") return { run: false, reason: REASONS[kind] };
  if (person === "") return { run: false, reason: "Meta does not say who wrote it" };
  if (!allowed(person)) return { run: false, reason: "its sender is not among channels.whatsapp.allowed_numbers" };
  // Answers go to one person; in a group, one person's would be told apart from nobody's.
  if (text(item, "group_id") !== "") return { run: false, reason: "written in a group" };
  if (!speaks(item)) return { run: false, reason: "holds nothing that the agent can read" };
  const from = phone ?? found.phone;
  const message_id = text(item, "id");
  if (from === "" || message_id === "") return { run: true, reply: null };
  return { run: true, reply: { kind: "whatsapp", phone_number_id: from, to: person, message_id } };
}

const REASONS = {
  status: "tells what became of a message",
  error: "tells of an error at Meta",
  other: "tells of the account, not of a message",
} as const;

/** Whether a message has words or data in it. Pictures, films, sounds and stickers have none but their caption. */
function speaks(item: unknown): boolean {
  const type = text(item, "type");
  switch (type) {
    case "text":
      return filled(item, "text", "body");
    case "button":
      return filled(item, "button", "text");
    case "reaction":
      return filled(item, "reaction", "emoji"); // empty: it was taken back
    case "image":
    case "video":
    case "document":
      return filled(item, type, "caption");
    case "interactive":
    case "location":
    case "order":
      return isObject(field(item, type));
    case "contacts":
      return list(item, type).length > 0;
    default:
      return false;
  }
}

function filled(item: unknown, ...path: readonly string[]): boolean {
  return text(item, ...path).trim() !== "";
}
