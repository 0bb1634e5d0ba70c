import type { Refusal } from "../../protocol/refusal.ts";

/** What every scheme needs to know. */
export interface SecretSettings {
  /** The `<name>` of `[channels.<name>]`. */
  readonly channel: string;
  /** One, or two while one replaces the other. Any of them may match. */
  readonly secrets: readonly string[];
}

/** Settings of the schemes that sign the time. */
export interface TimedSettings extends SecretSettings {
  /** How far the signed time may be from now, either way. @default 300 */
  readonly toleranceSeconds?: number | undefined;
}

/** The setting's full name in quotes, as every message gives it. */
export function settingName(settings: SecretSettings, key: string = secretKey(settings)): string {
  return `"channels.${settings.channel}.${key}"`;
}

/** Null if there is at least one secret and none is blank: anyone can sign with an empty key, and anyone guesses a space. */
export function withoutSecret(settings: SecretSettings, key?: string): Refusal | null {
  if (settings.secrets.length > 0 && !settings.secrets.some(isBlank)) return null;
  const found = settings.secrets.length === 0 ? "is not set" : "is empty";
  return misconfigured(settings, `${settingName(settings, key)} ${found}`, `Set ${settingName(settings, key)}.`);
}

/** A channel that cannot verify refuses everything. */
export function misconfigured(settings: SecretSettings, found: string, fix: string): Refusal {
  return {
    reason: "channel_off",
    code: "channel_off",
    detail: `The channel "${settings.channel}" cannot verify deliveries: ${found}.`,
    fix,
  };
}

/** The secret that signs examples. @throws Error if there is none */
export function signingSecret(settings: SecretSettings): string {
  const secret = settings.secrets[0];
  if (secret !== undefined && !isBlank(secret)) return secret;
  throw new Error(`Cannot sign a delivery of "${settings.channel}": ${settingName(settings)} is not set.`);
}

function isBlank(secret: string): boolean {
  return secret.trim() === "";
}

function secretKey(settings: SecretSettings): string {
  return settings.secrets.length > 1 ? "secrets" : "secret";
}
