import { type Channel, type ChannelOff, isOff } from "../channels/channel.ts";
import { json } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import { showFound } from "../protocol/check.ts";
import { Problem } from "../protocol/problem.ts";
import { type Context, type Handler, principalOf, valueAs } from "./context.ts";
import { onlyKeys } from "./filters.ts";
import type { ApiParts } from "./parts.ts";
import { byWhom } from "./replay.ts";

/** Characters of the answer that are shown. */
const SHOWN = 2_048;

/** GET /api/sources: what is configured, whether it works, and which examples `test` can send. */
export function listSources({ channels }: Pick<ApiParts, "channels">): Handler {
  return () => json({ sources: [...channels.values()].map(sourceRow) });
}

/** POST /api/sources/{source}/test: a delivery as its provider would send it, and what the gateway answered. */
export function testSource({ channels, tester, log }: Pick<ApiParts, "channels" | "tester" | "log">): Handler {
  return async (context) => {
    const event = await eventIn(context);
    const channel = openChannel(channels, context.params["source"] ?? "");
    if (event !== null && !channel.samples.includes(event)) {
      throw new Problem("bad_field", {
        detail: `"event" must be one of ${channel.samples.join(", ")} (found ${showFound(event)}).`,
      });
    }
    const { event_id, answer, ...result } = await tester(channel, event);
    const by = byWhom(principalOf(context));
    log.info("A test delivery was sent", { source: channel.name, event: result.event, status: result.status, by });
    return json({
      ...result,
      ok: result.status >= 200 && result.status < 300,
      answer: answer.slice(0, SHOWN).toWellFormed(), // the cut may have halved a surrogate pair
      ...(event_id === null ? {} : { event_id }),
    });
  };
}

async function eventIn(context: Context): Promise<string | null> {
  const bytes = await context.body();
  if (bytes.length === 0) return null;
  const wanted = valueAs(jsonOf(bytes), "source_test");
  onlyKeys(wanted, ["event"]);
  return wanted.event ?? null;
}

function openChannel(channels: ApiParts["channels"], name: string): Channel {
  const channel = channels.get(name);
  if (!channel) {
    const names = [...channels.keys()];
    const known =
      names.length === 0
        ? "None is configured: a source is a table [channels.<name>] in config.toml."
        : `There are ${names.join(", ")}.`;
    throw new Problem("not_found", { detail: `There is no source ${showFound(name)}. ${known}` });
  }
  if (isOff(channel)) {
    throw new Problem("channel_off", { detail: `The channel "${channel.name}" is off: ${channel.off}` });
  }
  return channel;
}

function sourceRow(channel: Channel | ChannelOff) {
  if (isOff(channel)) return { source: channel.name, on: false, reason: channel.off, samples: [] };
  const { name, kind, samples, secretInPath } = channel;
  const address = `/webhook/${name}${secretInPath ? "/{secret}" : ""}`;
  return { source: name, kind, on: true, address, samples };
}
