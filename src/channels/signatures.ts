import type { Refusal } from "../protocol/refusal.ts";
import type { Delivery, SampleContext, Verifier } from "./channel.ts";
import { type ChannelValues, numberOf, secretsOf, textOf } from "./values.ts";
import { signBasic, verifyBasic } from "./verify/basic.ts";
import { signBearer, verifyBearer } from "./verify/bearer.ts";
import { type HmacSettings, signHmac, verifyHmac } from "./verify/hmac.ts";
import { secretPath, signPath, verifyPath } from "./verify/path.ts";
import type { SecretSettings, TimedSettings } from "./verify/secret-settings.ts";
import { signSlack, verifySlack } from "./verify/slack.ts";
import { signStandardWebhooks, verifyStandardWebhooks } from "./verify/standard-webhooks.ts";
import { signStripe, verifyStripe } from "./verify/stripe.ts";
import { signTelegram, verifyTelegram } from "./verify/telegram.ts";
import { signTwilio, verifyTwilio } from "./verify/twilio.ts";

/** How the sender of one channel proves itself. */
export interface Signature {
  verify(delivery: Delivery): Verifier | Refusal;
  /** The headers that prove an example. */
  sign(body: Uint8Array, context: SampleContext): Record<string, string>;
  /** What follows `/webhook/{source}` in the address. */
  path(): string;
  /** Headers that hold the secret itself, in lower case. */
  readonly secretHeaders: readonly string[];
}

export type Scheme = keyof typeof SIGNATURES;

const SIGNATURES = {
  "standard-webhooks": (name, values) => {
    const settings = timed(name, values);
    return signature(
      (delivery) => verifyStandardWebhooks(settings, delivery),
      (body, context) => signStandardWebhooks(settings, body, context),
    );
  },
  stripe: (name, values) => {
    const settings = timed(name, values);
    return signature(
      (delivery) => verifyStripe(settings, delivery),
      (body, context) => signStripe(settings, body, context),
    );
  },
  slack: (name, values) => {
    const settings = timed(name, values);
    return signature(
      (delivery) => verifySlack(settings, delivery),
      (body, context) => signSlack(settings, body, context),
    );
  },
  telegram: (name, values) => {
    const settings = secrets(name, values);
    return signature(
      (delivery) => verifyTelegram(settings, delivery),
      () => signTelegram(settings),
      ["x-telegram-bot-api-secret-token"],
    );
  },
  twilio: (name, values) => {
    const settings = secrets(name, values);
    return signature(
      (delivery) => verifyTwilio(settings, delivery),
      (body, context) => signTwilio(settings, body, context),
    );
  },
  hmac: (name, values) => {
    const settings = hmacSettings(name, values);
    return signature(
      (delivery) => verifyHmac(settings, delivery),
      (body, context) => signHmac(settings, body, context),
    );
  },
  bearer: (name, values) => {
    const header = textOf(values, "header") ?? undefined;
    const settings = { ...secrets(name, values), header };
    return signature(
      (delivery) => verifyBearer(settings, delivery),
      () => signBearer(settings),
      [header?.toLowerCase() ?? "authorization"],
    );
  },
  basic: (name, values) => {
    const settings = { ...secrets(name, values), username: textOf(values, "username") ?? undefined };
    return signature(
      (delivery) => verifyBasic(settings, delivery),
      () => signBasic(settings),
      ["authorization"],
    );
  },
  path: (name, values) => {
    const settings = secrets(name, values);
    const inHeaders = signature(
      (delivery) => verifyPath(settings, delivery),
      () => signPath(settings),
    );
    return { ...inHeaders, path: () => secretPath(settings) };
  },
} as const satisfies Record<string, (name: string, values: ChannelValues) => Signature>;

export function isScheme(scheme: string): scheme is Scheme {
  return Object.hasOwn(SIGNATURES, scheme);
}

export function openSignature(scheme: Scheme, name: string, values: ChannelValues): Signature {
  return SIGNATURES[scheme](name, values);
}

function signature(
  verify: Signature["verify"],
  sign: Signature["sign"],
  secretHeaders: readonly string[] = [],
): Signature {
  return { verify, sign, path: () => "", secretHeaders };
}

function secrets(name: string, values: ChannelValues): SecretSettings {
  return { channel: name, secrets: secretsOf(values) };
}

function timed(name: string, values: ChannelValues): TimedSettings {
  return { ...secrets(name, values), toleranceSeconds: numberOf(values, "tolerance_seconds") ?? undefined };
}

function hmacSettings(name: string, values: ChannelValues): HmacSettings {
  const algorithm = textOf(values, "algorithm");
  const encoding = textOf(values, "encoding");
  return {
    ...timed(name, values),
    header: textOf(values, "header") ?? undefined,
    algorithm: algorithm === "sha1" || algorithm === "sha512" ? algorithm : "sha256",
    encoding: encoding === "base64" ? encoding : "hex",
    prefix: textOf(values, "prefix") ?? undefined,
    signed: textOf(values, "signed") ?? undefined,
    timestampHeader: textOf(values, "timestamp_header") ?? undefined,
    idHeader: textOf(values, "id_header") ?? undefined,
  };
}
