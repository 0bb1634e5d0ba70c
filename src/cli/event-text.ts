import { isObject } from "../lib/json.ts";
import { printable, printableLine } from "./printable.ts";
import { cell, type Row, rowsOf, sizeText, timeCell } from "./rows.ts";
import { section } from "./section.ts";
import { facts } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** An event for people to read. All of it is a stranger's text. */
export function eventText(terminal: Terminal, event: Row): string {
  const known = ["event_id", "source", "type", "state", "attempts", "session_id", "delivery_id", "error"];
  const parts = [
    facts(terminal, [
      ...known.map((name) => [name, cell(event, name)] as const).filter(([, value]) => value !== ""),
      ["received", `${timeCell(event, "received_at")} UTC`],
      ["updated", `${timeCell(event, "updated_at")} UTC`],
      ["size", sizeText(event["size"])],
    ]),
    section(terminal, "Headers", headers(event["headers"])),
    section(terminal, "Body", body(event)),
    section(terminal, "Attempts", attempts(event["attempts_log"])),
    section(terminal, "Replies", replies(event["replies"])),
    section(terminal, "Response", typeof event["response"] === "string" ? printable(event["response"]) : ""),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function headers(value: unknown): string {
  if (!isObject(value)) return "";
  return Object.entries(value)
    .map(([name, text]) => `${printableLine(name)}: ${printableLine(String(text))}`)
    .join("\n");
}

function body(event: Row): string {
  if (event["purged"] === true) return "deleted, as the headers were: it cannot be replayed any more";
  const text = event["body"];
  if (typeof text !== "string" || text === "") return "";
  if (event["body_encoding"] === "base64")
    return `${sizeText(event["size"])} that are no text; --json has them in base64`;
  const cut = event["body_truncated"] === true ? `\n… the rest is at /api/events/${cell(event, "event_id")}/body` : "";
  return printable(text) + cut;
}

/** Where the answer went, latest first. */
function replies(value: unknown): string {
  return rowsOf(value)
    .map((reply) => {
      const tried = cell(reply, "attempts");
      const how = `${cell(reply, "state")} after ${tried === "1" ? "1 attempt" : `${tried} attempts`}`;
      return `${timeCell(reply, "updated_at")}  ${cell(reply, "to")}  ${how}  ${cell(reply, "detail")}`.trimEnd();
    })
    .join("\n");
}

function attempts(value: unknown): string {
  return rowsOf(value)
    .map((attempt) => `${timeCell(attempt, "at")}  ${cell(attempt, "outcome")}  ${cell(attempt, "detail")}`.trimEnd())
    .join("\n");
}
