import { humanDuration } from "../../../lib/time.ts";
import type { DeskStatus } from "../../desk/desk.ts";
import type { Command } from "../command.ts";
import { grouped, relative } from "../format.ts";
import { code, inline } from "../untrusted.ts";

export const status: Command = {
  name: "status",
  args: "",
  summary: "how the gateway is doing",
  reach: "chat",
  looks: true,
  async run({ desk, asker, now }) {
    const [is, inbox] = await Promise.all([desk.status(), desk.events.counts()]);
    const oldest = inbox.oldest_pending_at;
    const lines = [
      `zeroclaw ${inline(is.version, 40)}, up ${humanDuration(is.uptime_seconds * 1_000)}, ${stateOf(is)}`,
      "",
      `- agent: ${agentOf(is)}`,
      `- inbox: ${grouped(inbox.received)} waiting, ${grouped(inbox.running)} running, ${grouped(inbox.retrying)} to be tried again, ${grouped(inbox.dead)} dead`,
      ...(oldest === null ? [] : [`- oldest unfinished event: ${relative(oldest, now)}`]),
    ];
    // Where the gateway listens and what is connected to it is for those who may change it.
    if (asker.reach === "owner")
      lines.push(
        `- channels: ${channelsOf(is)}`,
        `- sockets: ${grouped(is.sockets.open)}`,
        `- address: ${code(is.address)}`,
      );
    return lines.join("\n");
  },
};

function stateOf({ status }: DeskStatus): string {
  return status === "ok" ? "all well" : `**${inline(status.replaceAll("_", " "), 40)}**`;
}

function agentOf({ agent }: DeskStatus): string {
  const kind = inline(agent.kind, 40);
  return agent.model === agent.kind ? kind : `${kind}, ${inline(agent.model, 80)}`;
}

function channelsOf({ channels }: DeskStatus): string {
  if (channels.length === 0) return "none set up";
  return channels
    .map(({ name, on, reason }) =>
      on ? inline(name, 64) : `${inline(name, 64)} (off: ${inline(reason ?? "not set up", 200)})`,
    )
    .join(", ");
}
