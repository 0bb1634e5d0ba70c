import type { SampleContext } from "./channel.ts";

type Sample = (context: SampleContext, phone: string | null) => unknown;

/** Numbers with 555-01 are given to nobody, so an answer to one of them reaches nobody. */
const PERSON = "15555550100";

/** Examples by name, the default first. */
export const WHATSAPP_SAMPLES: Readonly<Record<string, Sample>> = {
  message: ({ now, id }, phone) =>
    delivery(phone, {
      contacts: [{ profile: { name: "Test" }, wa_id: PERSON }],
      messages: [
        {
          from: PERSON,
          id: `wamid.${id}`,
          timestamp: seconds(now),
          text: { body: "A test delivery of zeroclaw." },
          type: "text",
        },
      ],
    }),
  status: ({ now, id }, phone) =>
    delivery(phone, {
      statuses: [{ id: `wamid.${id}`, status: "delivered", timestamp: seconds(now), recipient_id: PERSON }],
    }),
};

function delivery(phone: string | null, lists: Readonly<Record<string, readonly unknown[]>>): unknown {
  const metadata = { display_phone_number: "15555550199", phone_number_id: phone ?? "100000000000001" };
  const value = { messaging_product: "whatsapp", metadata, ...lists };
  return {
    object: "whatsapp_business_account",
    entry: [{ id: "100000000000000", changes: [{ value, field: "messages" }] }],
  };
}

function seconds(now: number): string {
  return String(Math.floor(now / 1_000));
}
