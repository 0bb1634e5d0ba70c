import { firstText, list, text } from "./field.ts";

interface Found {
  readonly item: unknown;
  readonly line: string;
}

/**
 * `WhatsApp message from Alice (+491701234567): hello`; null when the JSON is no delivery of Meta's Cloud API. One
 * delivery may hold many messages and statuses: the one that `deliveryId` names is told, else the first and how many more.
 */
export function summarizeWhatsapp(value: unknown, deliveryId: string | null): string | null {
  if (text(value, "object") !== "whatsapp_business_account") return null;
  const values = list(value, "entry").flatMap((entry) => list(entry, "changes"));
  const found = values.flatMap((change) => [...messages(change), ...statuses(change)]);
  const [first] = found;
  if (!first) return `WhatsApp ${firstText(values[0], ["field"]) || "delivery without messages"}`;
  const named = deliveryId === null ? undefined : found.find(({ item }) => isNamed(item, deliveryId));
  if (named) return named.line;
  // The count goes in front, where a long message cannot push it out.
  return found.length === 1 ? first.line : `${found.length} WhatsApp items, the first: ${first.line}`;
}

function isNamed(item: unknown, deliveryId: string): boolean {
  const id = text(item, "id");
  if (id === "" || !deliveryId.startsWith(id)) return false;
  const status = text(item, "status");
  return status === "" ? deliveryId === id : deliveryId.includes(status);
}

function messages(change: unknown): readonly Found[] {
  const contacts = list(change, "value", "contacts");
  return list(change, "value", "messages").map((item) => {
    const from = text(item, "from");
    const contact = contacts.find((entry) => text(entry, "wa_id") === from) ?? contacts[0];
    const name = text(contact, "profile", "name");
    const phone = /^\d{5,20}$/.test(from) ? `+${from}` : from;
    const who = name === "" ? phone || "somebody" : phone === "" ? name : `${name} (${phone})`;
    const type = text(item, "type") || "message";
    const said = saidIn(item, type);
    const kind = type === "text" ? "message" : type;
    return { item, line: `WhatsApp ${kind} from ${who}${said === "" ? "" : `: ${said}`}` };
  });
}

/** The words of a message, by its type. */
function saidIn(item: unknown, type: string): string {
  if (type === "text") return text(item, "text", "body");
  if (type === "reaction") return text(item, "reaction", "emoji");
  if (type === "interactive") {
    return text(item, "interactive", "button_reply", "title") || text(item, "interactive", "list_reply", "title");
  }
  // image, video, document, button, location, …: each keeps its words in an object named like the type.
  return ["caption", "text", "filename", "name", "address"].map((key) => text(item, type, key)).find(Boolean) ?? "";
}

function statuses(change: unknown): readonly Found[] {
  return list(change, "value", "statuses").map((item) => {
    const to = text(item, "recipient_id");
    const why = text(item, "errors", 0, "title");
    const line = `WhatsApp message to ${to === "" ? "somebody" : `+${to}`}: ${text(item, "status") || "unknown status"}`;
    return { item, line: why === "" ? line : `${line} (${why})` };
  });
}
