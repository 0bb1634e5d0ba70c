import type { Context } from "../api/context.ts";
import { recentKey, type SourceParts } from "../api/source.ts";
import type { Channel, ChannelOff } from "../channels/channel.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/settings.ts";
import { RefusalLog } from "../inbox/refusal-log.ts";
import { Silence } from "../inbox/silence.ts";
import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { parseDuration } from "../lib/time.ts";
import { SlidingWindow, secondsToWait } from "../limits/sliding-window.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { EventRow } from "../protocol/event.ts";
import type { TopicFrame } from "../protocol/frames.ts";
import type { Store } from "../store/store.ts";
import type { Traffic } from "./traffic.ts";

/** The window of a source's `rate_limit`. */
const MINUTE_MS = 60_000;

export type Channels = ReadonlyMap<string, Channel | ChannelOff>;

/** Opens what is configured. The code of the channels is loaded only if there are any. */
export async function openConfigured({ config, channelFaults }: LoadedConfig): Promise<Channels> {
  if (Object.keys(config.channels).length === 0) return new Map();
  const { openChannels } = await import("../channels/channels.ts");
  return openChannels(config.channels, channelFaults);
}

export interface ChannelServicesParts {
  readonly config: Config;
  readonly channels: Channels;
  readonly store: Pick<Store, "refusals">;
  readonly traffic: Traffic;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the sources' door needs besides the store. */
export interface ChannelServices extends Pick<SourceParts, "channels" | "spend" | "recent" | "counts" | "urlOf"> {
  readonly refusals: RefusalLog;
  readonly silence: Silence;
}

export function openChannelServices(parts: ChannelServicesParts): ChannelServices {
  const { config, channels, store, traffic, feed, clock, log } = parts;
  const { max_keys, enabled } = config.gateway.idempotency;
  const silence = new Silence({ expected: expectedOf(config.channels), clock, log });
  const recent = enabled ? new Lru<string, string>(max_keys) : null;
  // A dead event that is delivered again is taken up again, so it must not be known as a duplicate.
  if (recent) feed.subscribe(({ frame }) => forgetDead(recent, frame));
  return {
    channels,
    recent,
    spend: budgets(config.channels, clock),
    counts: {
      accepted: (source, events) => {
        silence.heard(source);
        traffic.accepted(source, events);
      },
      duplicate: (source, events) => traffic.duplicate(source, events),
      refused: (source, reason) => traffic.refused(source, reason),
    },
    urlOf: (context) => urlOf(config.gateway.public_url, context),
    refusals: new RefusalLog({ refusals: store.refusals, clock, log }),
    silence,
  };
}

function forgetDead(recent: Lru<string, string>, { type, data }: TopicFrame): void {
  if (type !== "event") return;
  const { source, delivery_id, state } = data as EventRow; // what `feed.emit("event", …)` is given everywhere
  if (state === "dead" && delivery_id !== null) recent.delete(recentKey(source, delivery_id));
}

/** Counts verified deliveries by source. Returns the whole seconds to wait, 0 when there is room. */
function budgets(channels: Config["channels"], clock: Clock): (source: string) => number {
  const windows = new Map<string, SlidingWindow>();
  for (const [name, { rate_limit: limit }] of Object.entries(channels)) {
    if (typeof limit === "number") windows.set(name, new SlidingWindow(limit, MINUTE_MS));
  }
  return (source) => {
    return secondsToWait(windows.get(source)?.hit(clock.monotonic()) ?? 0);
  };
}

function expectedOf(channels: Config["channels"]): ReadonlyMap<string, number> {
  const expected = new Map<string, number>();
  for (const [name, { expect_every }] of Object.entries(channels)) {
    const within = typeof expect_every === "string" ? parseDuration(expect_every) : null;
    if (within !== null) expected.set(name, within);
  }
  return expected;
}

/** Senders sign the address they were given, which behind a proxy is not the one that arrives. */
function urlOf(publicUrl: string, { request, path, queryText }: Context): string {
  if (publicUrl === "") return request.url;
  return `${publicUrl.replace(/\/+$/, "")}${path}${queryText === "" ? "" : `?${queryText}`}`;
}
