import { field, text } from "./field.ts";

/** `Slack message from U061F7AUR in C2147483705: hello`; null when the JSON is not of Slack's Events API. */
export function summarizeSlack(value: unknown): string | null {
  const type = text(value, "type");
  if (type === "url_verification" && text(value, "challenge") !== "") return "Slack checks the address of the webhook";
  if (type !== "event_callback") return null;
  const event = field(value, "event");
  const kind = text(event, "type").replace(/_/g, " ") || "event";
  const who = text(event, "user") || text(event, "username") || text(event, "bot_id");
  const where = text(event, "channel") || text(event, "item", "channel");
  const said = text(event, "text") || text(event, "reaction");
  return [
    `Slack ${kind}`,
    who === "" ? "" : ` from ${who}`,
    where === "" ? "" : ` in ${where}`,
    said === "" ? "" : `: ${said}`,
  ].join("");
}
