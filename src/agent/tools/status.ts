import { rfc3339 } from "../../lib/time.ts";
import type { DeskStatus } from "../desk/desk.ts";
import { shown, told } from "./results.ts";
import { makeBareTool } from "./tool.ts";

const MAX_CHANNELS = 30;

export const gatewayStatus = makeBareTool({
  name: "gateway_status",
  title: "State of the gateway",
  about:
    "Shows how the gateway is doing: version, uptime, the agent, which channels are on and why others are off, what waits in the inbox and since when.",
  reach: "owner",
  readOnly: true,
  async run({ desk, now }) {
    const [{ status, version, uptime_seconds, address, agent, channels, sockets }, inbox] = await Promise.all([
      desk.status(),
      desk.events.counts(),
    ]);
    const { oldest_pending_at, ...counts } = inbox;
    const oldest = oldest_pending_at === null ? null : rfc3339(oldest_pending_at);
    return told({
      status,
      now: rfc3339(now),
      ...{ version, uptime_seconds, address },
      agent: { kind: agent.kind, model: agent.model },
      channels: channels.slice(0, MAX_CHANNELS).map(channelOf),
      ...(channels.length > MAX_CHANNELS ? { channels_left_out: channels.length - MAX_CHANNELS } : {}),
      sockets: { open: sockets.open },
      inbox: { ...counts, oldest_pending_at: oldest },
    });
  },
});

function channelOf({ name, on, reason }: DeskStatus["channels"][number]) {
  return { name, on, ...(reason === undefined ? {} : { reason: shown(reason, 200) }) };
}
