import type { Config } from "../config/settings.ts";

/** What was given for one channel, checked when it was loaded. */
export type ChannelValues = Config["channels"][string];

/** A text that is not empty; null when there is none. */
export function textOf(values: ChannelValues, key: string): string | null {
  const value = values[key];
  return typeof value === "string" && value !== "" ? value : null;
}

export function listOf(values: ChannelValues, key: string): readonly string[] {
  const value = values[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

export function numberOf(values: ChannelValues, key: string): number | null {
  const value = values[key];
  return typeof value === "number" ? value : null;
}

export function switchOf(values: ChannelValues, key: string): boolean {
  return values[key] === true;
}

/** The live secrets: those of `secrets`, else the one of `secret`. Never an empty one: it would let everybody in. */
export function secretsOf(values: ChannelValues, key: "secret" | "app_secret" = "secret"): readonly string[] {
  const several = listOf(values, `${key}s`).filter((secret) => secret !== "");
  const one = textOf(values, key);
  return several.length > 0 || one === null ? several : [one];
}
