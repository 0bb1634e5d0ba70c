import { isObject } from "../../lib/json.ts";
import { jsonText } from "../../lib/json-text.ts";
import { field, firstText, list, number, text } from "../summary/field.ts";
import { moneyOf } from "../summary/stripe.ts";
import type { Sheet } from "./sheet.ts";

/** An event of Stripe's (docs.stripe.com/api/events/object); false when the JSON is none. */
export function stripeFacts(sheet: Sheet, value: unknown): boolean {
  const item = field(value, "data", "object");
  if (text(value, "object") !== "event" || !isObject(item)) return false;
  sheet.say("Something happened on Stripe:");
  sheet.fact("Event", field(value, "type"));
  if (field(value, "livemode") === false) sheet.say("It is a test: no real money moved.");
  sheet.fact("Object", field(item, "object"));
  sheet.fact("Id", field(item, "id"));
  sheet.fact("Amount", moneyOf(item));
  sheet.fact("Status", field(item, "status"));
  sheet.fact("Payment", field(item, "payment_status"));
  sheet.fact("Reason", field(item, "reason"));
  sheet.fact("Customer", text(item, "customer") || text(item, "customer", "id"));
  sheet.fact("Name", text(item, "customer_name") || text(item, "customer_details", "name") || text(item, "name"));
  sheet.fact("Email", firstText(item, EMAILS) || text(item, "customer_details", "email"));
  sheet.fact("Invoice number", field(item, "number"));
  sheet.fact("Description", field(item, "description"));
  sheet.fact("Failure", text(item, "failure_message") || text(item, "last_payment_error", "message"));
  sheet.fact("Attempts", number(item, "attempt_count"));
  sheet.list(
    "Lines",
    list(item, "lines", "data").map((line) => text(line, "description")),
    20,
  );
  sheet.fact("Address", firstText(item, ["hosted_invoice_url", "receipt_url"]));
  sheet.text("Metadata", jsonOf(field(item, "metadata")), 1_000);
  sheet.text("Before the change", jsonOf(field(value, "data", "previous_attributes")), 2_000);
  return true;
}

const EMAILS = ["customer_email", "receipt_email", "email"] as const;

function jsonOf(value: unknown): string {
  return isObject(value) && Object.keys(value).length > 0 ? jsonText(value, 2_000) : "";
}
