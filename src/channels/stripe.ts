import { isObject } from "../lib/json.ts";
import type { Channel, SampleContext } from "./channel.ts";
import { customChannel, type SampleContent } from "./custom.ts";
import { text } from "./fields.ts";
import { badBody, parseJson } from "./payload.ts";
import type { ChannelValues } from "./values.ts";

const FIX = "Let Stripe's own event destinations (Workbench → Webhooks) call this address, and nothing else.";

/** Stripe's events: https://docs.stripe.com/api/events/object. One conversation a customer, so that none reads of another. */
export function stripeChannel(name: string, values: ChannelValues): Channel {
  return customChannel(name, "stripe", values, {
    tell(_delivery, body) {
      const parsed = parseJson(body);
      if (!parsed.ok) return badBody(parsed.found, FIX);
      const id = text(parsed.value, "id");
      const type = text(parsed.value, "type");
      if (!isObject(parsed.value) || id === "" || type === "") {
        return badBody('is not an event of Stripe\'s: it has no "id" and "type"', FIX);
      }
      const customer = customerOf(parsed.value);
      return { kind: "event", id, type, conversation: customer === "" ? [] : [customer] };
    },
    samples: {
      "invoice.paid": (context) =>
        sample(context, "invoice.paid", {
          id: "in_1ZCtest",
          object: "invoice",
          customer: "cus_ZCtest",
          customer_email: "jane@example.com",
          amount_paid: 2_000,
          currency: "usd",
          status: "paid",
        }),
      "payment_intent.payment_failed": (context) =>
        sample(context, "payment_intent.payment_failed", {
          id: "pi_1ZCtest",
          object: "payment_intent",
          customer: "cus_ZCtest",
          amount: 2_000,
          currency: "usd",
          status: "requires_payment_method",
          last_payment_error: { code: "card_declined", message: "Your card was declined." },
        }),
    },
  });
}

/** The customer that an event is about: named by its object, or the object itself. "" when there is none. */
function customerOf(event: unknown): string {
  const about = ["data", "object"] as const;
  if (text(event, ...about, "object") === "customer") return text(event, ...about, "id");
  return text(event, ...about, "customer") || text(event, ...about, "customer", "id"); // an id, or the object where it is expanded
}

function sample({ id, now }: SampleContext, type: string, object: Readonly<Record<string, unknown>>): SampleContent {
  const event = {
    id: `evt_${id}`,
    object: "event",
    api_version: "2025-09-30.clover",
    created: Math.floor(now / 1_000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  };
  return {
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(event, null, 2), // as Stripe sends it
  };
}
