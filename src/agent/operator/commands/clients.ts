import type { Command } from "../command.ts";
import { relative, table } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const MAX_ROWS = 100;

export const clients: Command = {
  name: "clients",
  args: "",
  summary: "the paired devices",
  reach: "owner",
  looks: true,
  async run({ desk, asker, now }) {
    const devices = [...(await desk.devices())].sort(
      (a, b) => a.created_at - b.created_at || (a.device_id < b.device_id ? -1 : 1),
    );
    if (devices.length === 0) return "No device is paired. `zeroclaw gateway get-paircode` shows a code for one.";
    const rows = devices
      .slice(0, MAX_ROWS)
      .map((device) => [
        `${inline(device.name, 64)}${device.device_id === asker.device_id ? " (this one)" : ""}`,
        device.scope,
        relative(device.created_at, now),
        device.last_seen_at === null ? "never" : relative(device.last_seen_at, now),
        device.expires_at === null ? "never" : relative(device.expires_at, now),
        code(device.device_id),
      ]);
    const rest = devices.length <= MAX_ROWS ? "" : ` ${devices.length - MAX_ROWS} more are not shown.`;
    return `${table(["name", "scope", "paired", "last seen", "expires", "id"], rows)}\n\n\`zeroclaw devices revoke <id>\` ends one.${rest}`;
  },
};
