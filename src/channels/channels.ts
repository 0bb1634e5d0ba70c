import type { Config } from "../config/settings.ts";
import type { Channel, ChannelOff } from "./channel.ts";
import { genericChannel } from "./generic.ts";
import { githubChannel } from "./github.ts";
import { isScheme, type Scheme } from "./signatures.ts";
import { slackChannel } from "./slack.ts";
import { stripeChannel } from "./stripe.ts";
import { telegramChannel } from "./telegram.ts";
import { twilioChannel } from "./twilio.ts";
import { type ChannelValues, secretsOf, textOf } from "./values.ts";
import { whatsappChannel } from "./whatsapp.ts";

type Factory = (name: string, values: ChannelValues) => Channel;

const FACTORIES = {
  github: githubChannel,
  whatsapp: whatsappChannel,
  "standard-webhooks": (name, values) => genericChannel("standard-webhooks", name, values),
  stripe: stripeChannel,
  slack: slackChannel,
  telegram: telegramChannel,
  twilio: twilioChannel,
  hmac: (name, values) => genericChannel("hmac", name, values),
  bearer: (name, values) => genericChannel("bearer", name, values),
  basic: (name, values) => genericChannel("basic", name, values),
  path: (name, values) => genericChannel("path", name, values),
} as const satisfies Record<"github" | "whatsapp" | Scheme, Factory>;

type Kind = keyof typeof FACTORIES;

/**
 * Every configured source. One that cannot verify what it is sent is off, whatever else is right with it.
 * `faults`: by name, what the configuration found wrong.
 */
export function openChannels(
  channels: Config["channels"],
  faults: ReadonlyMap<string, string>,
): ReadonlyMap<string, Channel | ChannelOff> {
  const opened = new Map<string, Channel | ChannelOff>();
  for (const [name, values] of Object.entries(channels)) opened.set(name, open(name, values, faults.get(name) ?? null));
  for (const [name, off] of faults) if (!opened.has(name)) opened.set(name, { name, off });
  return opened;
}

function open(name: string, values: ChannelValues, fault: string | null): Channel | ChannelOff {
  if (fault !== null) return { name, off: fault };
  const kind = kindOf(name, values);
  if (kind === null)
    return { name, off: `"channels.${name}.scheme" is not set: it says how deliveries prove who sent them` };
  const missing = missingSecret(kind, values);
  return missing === null ? FACTORIES[kind](name, values) : { name, off: `"channels.${name}.${missing}" is not set` };
}

function kindOf(name: string, values: ChannelValues): Kind | null {
  if (name === "github" || name === "whatsapp") return name;
  const scheme = textOf(values, "scheme") ?? "";
  return isScheme(scheme) ? scheme : null;
}

function missingSecret(kind: Kind, values: ChannelValues): string | null {
  const secret = kind === "whatsapp" ? "app_secret" : "secret";
  if (secretsOf(values, secret).length === 0) return secret;
  return kind === "whatsapp" && textOf(values, "verify_token") === null ? "verify_token" : null;
}
