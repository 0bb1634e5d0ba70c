/**
 * How a refused delivery is had again from its sender, in the sender's own terms. `kind`: `github`, `whatsapp`, or a
 * scheme; `delivery`: the sender's id of it, empty when its headers had none.
 */
export function redelivery(kind: string, delivery: string): string {
  // It was a stranger's header, and it goes into lines that people paste into a shell.
  const id = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(delivery) ? delivery : null;
  return (TEXTS.get(kind) ?? anybody)(id);
}

const TEXTS: ReadonlyMap<string, (id: string | null) => string> = new Map(
  Object.entries({
    github: (id: string | null) =>
      [
        "GitHub does not send it again by itself, but can be told to for 3 days.",
        `On its pages: Settings > Webhooks > the webhook > Recent Deliveries${id === null ? "" : `, ${id}`} > Redeliver.`,
        "With its command line, in an organization with orgs/ORG instead of repos/OWNER/REPO:",
        "  gh api repos/OWNER/REPO/hooks --jq '.[] | [.id, .config.url] | @tsv'",
        `  gh api --paginate repos/OWNER/REPO/hooks/HOOK/deliveries --jq '.[] | select(.guid == "${id ?? "DELIVERY"}") | .id'`,
        "  gh api -X POST repos/OWNER/REPO/hooks/HOOK/deliveries/ID/attempts",
      ].join("\n"),
    whatsapp: () => "Meta sends it again by itself, less and less often, for up to 7 days. It cannot be asked to.",
    stripe: () =>
      [
        "Stripe sends it again by itself for up to 3 days in live mode, a few times over hours in a sandbox.",
        "On its pages: Developers > Webhooks > the endpoint > the event > Resend.",
        "With its command line: stripe events resend EVENT --webhook-endpoint=ENDPOINT   (evt_…, we_…)",
      ].join("\n"),
    slack: () =>
      "Slack sends it again by itself three times within about 6 minutes, and then no more. It cannot be asked to.",
    telegram: () =>
      [
        "Telegram sends it again by itself for up to 24 hours.",
        "How many updates wait, and what it met last: https://api.telegram.org/bot<token>/getWebhookInfo",
      ].join("\n"),
    twilio: () =>
      [
        "Twilio does not send it again unless the number's URL asks for it (connection overrides, #rc=…).",
        "What it met: Console > Monitor > Logs > Errors. The message itself is in the message log there.",
      ].join("\n"),
    "standard-webhooks": (id: string | null) =>
      [
        "Most senders of Standard Webhooks send it again by themselves over a day or more.",
        `At once: in the sender's portal, the endpoint's messages${id === null ? "" : `, ${id}`} > Resend; often also "recover failed messages".`,
      ].join("\n"),
  }),
);

function anybody(id: string | null): string {
  const named = id === null ? "" : ` (${id})`;
  return `Look at the sender's own list of deliveries${named}: many send again by themselves, or when asked there.`;
}
