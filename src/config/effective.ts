import { isObject, type Json } from "../lib/json.ts";
import { type Channel, resolveChannel } from "./channels.ts";
import { channelSettings, FIXED_SETTINGS } from "./keys.ts";
import type { Environment } from "./paths.ts";
import type { Config } from "./settings.ts";

export type Source = "flag" | "environment" | "file" | "default";

/** Checked values by dotted key, and where they come from. */
export interface Layer {
  readonly source: Source;
  readonly values: ReadonlyMap<string, Json>;
}

export interface Effective {
  readonly config: Config;
  /** Of every setting that has a value, and of every entry of one whose value is a table. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Channel → why it is off. */
  readonly channelFaults: ReadonlyMap<string, string>;
  /** What keeps a channel from answering, for people. */
  readonly cannotAnswer: readonly string[];
}

/** Puts the layers together. The first one that has a value wins; what none has takes its default. */
export function effective(layers: readonly Layer[], channels: Iterable<string>, env: Environment): Effective {
  const values = new Map<string, Json>();
  const sources = new Map<string, Source>();
  const take = (key: string, fallback: Json | undefined): void => {
    const layer = layers.find((each) => each.values.has(key));
    const value = layer?.values.get(key) ?? fallback;
    if (value === undefined) return;
    const source = layer?.source ?? "default";
    values.set(key, value);
    sources.set(key, source);
    if (isObject(value)) for (const entry of Object.keys(value)) sources.set(`${key}.${entry}`, source);
  };
  for (const { key, setting } of FIXED_SETTINGS) take(key, setting.default);
  const resolved = new Map<string, Channel>();
  for (const name of new Set(channels)) {
    const given = new Map<string, Json>();
    for (const [key, setting] of Object.entries(channelSettings(name))) {
      const dotted = `channels.${name}.${key}`;
      take(dotted, setting.default);
      const value = values.get(dotted);
      if (value !== undefined) given.set(key, value);
    }
    resolved.set(name, resolveChannel(name, given, env));
  }
  const cannotAnswer = [...resolved].flatMap(([name, { mute }]) =>
    mute.map((reason) => `The channel "${name}" takes deliveries but cannot send answers: ${reason}`),
  );
  return { config: assemble(values, resolved), sources, channelFaults: faultsOf(resolved), cannotAnswer };
}

function assemble(values: ReadonlyMap<string, Json>, channels: ReadonlyMap<string, Channel>): Config {
  const tables: Record<string, Record<string, Json | undefined>> = {};
  for (const { key, table, name } of FIXED_SETTINGS) {
    tables[table] ??= {};
    tables[table][name] = values.get(key);
  }
  const { gateway, agent, v1, store } = tables;
  const config = {
    gateway: { ...gateway, rate_limit: tables["gateway.rate_limit"], idempotency: tables["gateway.idempotency"] },
    agent,
    v1,
    store,
    channels: channelsByName(channels),
  };
  return config as unknown as Config; // every value has passed the check of the declaration that Config is made from
}

/** Without a prototype: a channel's name comes from URLs, and `constructor` must find nothing. */
function channelsByName(channels: ReadonlyMap<string, Channel>): Config["channels"] {
  const byName: Record<string, Channel["values"]> = Object.create(null);
  for (const [name, { values }] of channels) byName[name] = values;
  return byName;
}

function faultsOf(channels: ReadonlyMap<string, Channel>): ReadonlyMap<string, string> {
  return new Map([...channels].flatMap(([name, { fault }]) => (fault === null ? [] : [[name, fault]])));
}
