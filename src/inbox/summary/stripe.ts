import { field, number, text } from "./field.ts";

/** Currencies whose smallest unit is the unit itself (docs.stripe.com/currencies#zero-decimal). */
const WHOLE = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split(" "));

const AMOUNTS = ["amount_total", "amount_paid", "amount_due", "amount_refunded", "amount"] as const;

/** `Stripe invoice.paid: 20.00 USD, jane@example.com (in_1Abc)`; null when the JSON is no Stripe event. */
export function summarizeStripe(value: unknown): string | null {
  if (text(value, "object") !== "event" || !/^[a-z0-9_.]{3,80}$/.test(text(value, "type"))) return null;
  const item = field(value, "data", "object");
  const details = [moneyOf(item), text(item, "customer_email") || text(item, "receipt_email"), failure(item)];
  const said = details.filter((part) => part !== "").join(", ");
  const id = text(item, "id");
  const test = field(value, "livemode") === false ? " [test mode]" : "";
  return `Stripe ${text(value, "type")}${said === "" ? "" : `: ${said}`}${id === "" ? "" : ` (${id})`}${test}`;
}

/** `20.00 USD`: the amount of a charge, an invoice or their like; "" when it has none. */
export function moneyOf(item: unknown): string {
  const currency = text(item, "currency");
  if (!/^[a-z]{3}$/i.test(currency)) return "";
  for (const key of AMOUNTS) {
    const amount = number(item, key);
    if (amount === null || amount === 0) continue;
    const shown = WHOLE.has(currency.toLowerCase()) ? String(amount) : (amount / 100).toFixed(2);
    return `${shown} ${currency.toUpperCase()}`;
  }
  return "";
}

function failure(item: unknown): string {
  return text(item, "failure_message") || text(item, "last_payment_error", "message");
}
