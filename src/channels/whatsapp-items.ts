import { isObject } from "../lib/json.ts";
import { field, list, text } from "./fields.ts";
import { sessionOf } from "./names.ts";

/** One of the things that a delivery brings. */
export interface WhatsappItem {
  /** `other`: a change of another field than `messages`, such as a template that was reviewed. */
  readonly kind: "message" | "status" | "error" | "other";
  /** `messages`, or the other field's name. */
  readonly field: string;
  /** The message, status or error; the change's whole value of the others. */
  readonly item: unknown;
  /** Who wrote or was written to, as far as Meta says; null when it says nothing. */
  readonly contact: unknown;
  /** `phone_number_id` of the number that was written to or from; "" when it is not said. */
  readonly phone: string;
  /** The number or user id of the person; "" when there is none. */
  readonly person: string;
  /** Makes a delivery like the one it came with, that brings this item alone. */
  readonly alone: () => unknown;
}

/** Everything in a delivery, in its order. https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components */
export function* whatsappItems(payload: unknown): Generator<WhatsappItem> {
  for (const entry of list(payload, "entry")) {
    for (const change of list(entry, "changes")) yield* itemsOf(payload, entry, change);
    if (field(entry, "changes") === undefined) yield other(payload, entry, "entry", () => ({ entry: [entry] }));
  }
}

const LISTS = [
  { key: "messages", kind: "message", number: "from", user: "from_user_id" },
  { key: "statuses", kind: "status", number: "recipient_id", user: "recipient_user_id" },
  { key: "errors", kind: "error", number: "", user: "" },
] as const;

function* itemsOf(payload: unknown, entry: unknown, change: unknown): Generator<WhatsappItem> {
  const name = text(change, "field");
  const value = field(change, "value");
  const filled = name === "messages" ? LISTS.filter(({ key }) => list(value, key).length > 0) : [];
  if (filled.length === 0) {
    yield other(payload, value, name || "change", () => ({ entry: [withChange(entry, change)] }));
    return;
  }
  const contacts = contactsOf(value);
  const phone = text(value, "metadata", "phone_number_id");
  for (const { key, kind, number, user } of filled) {
    for (const item of list(value, key)) {
      const person = text(item, number) || text(item, user);
      const contact = contacts.find(text(item, number), text(item, user));
      const alone = () => {
        const share = { ...without(value, ["messages", "statuses", "errors", "contacts"]), [key]: [item] };
        const known = contact === null ? share : { ...share, contacts: [contact] };
        const parts = isObject(change) ? change : {};
        return { ...envelope(payload), entry: [withChange(entry, { ...parts, value: known })] };
      };
      yield { kind, field: name, item, contact, phone, person, alone };
    }
  }
}

function other(payload: unknown, item: unknown, name: string, share: () => object): WhatsappItem {
  const alone = () => ({ ...envelope(payload), ...share() });
  return { kind: "other", field: name, item, contact: null, phone: "", person: "", alone };
}

function envelope(payload: unknown): object {
  return without(payload, ["entry"]);
}

function withChange(entry: unknown, change: unknown): object {
  return { ...without(entry, ["changes"]), changes: [change] };
}

function without(value: unknown, keys: readonly string[]): Record<string, unknown> {
  const kept = isObject(value) ? Object.entries(value).filter(([key]) => !keys.includes(key)) : [];
  return Object.fromEntries(kept);
}

/** By number and by user id: a batch may bring a thousand of each, too many to compare each with each. */
function contactsOf(value: unknown) {
  const all = list(value, "contacts");
  const byName = new Map<string, unknown>();
  for (const contact of all) {
    for (const name of [text(contact, "wa_id"), text(contact, "user_id")]) if (name !== "") byName.set(name, contact);
  }
  return {
    find: (number: string, user: string): unknown =>
      byName.get(number) ?? byName.get(user) ?? (all.length === 1 ? all[0] : null),
  };
}

/** The conversation of a number of ours with a person, or within a group; else what concerns the number, or the account. */
export function whatsappSession(name: string, { phone, person, item }: WhatsappItem): string {
  const group = text(item, "group_id");
  if (group !== "") return sessionOf(name, [phone, "group", group]);
  if (person !== "") return sessionOf(name, [phone, person]);
  return sessionOf(name, phone === "" ? [] : [phone]);
}
