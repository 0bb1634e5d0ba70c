import { LOCAL_PRINCIPAL } from "../../../protocol/principal.ts";
import type { Asker } from "../../desk/asker.ts";
import type { DeskDevice } from "../../desk/desk.ts";
import type { Command } from "../command.ts";
import { relative } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const REACHES: Readonly<Record<Asker["reach"], string>> = {
  owner: "everything this gateway holds",
  chat: "this device's own sessions, notes and reminders",
};

export const whoami: Command = {
  name: "whoami",
  args: "",
  summary: "this device, what it may see, this session",
  reach: "chat",
  looks: true,
  async run({ desk, asker, turn, now }) {
    const { device_id, reach } = asker;
    const device = (await desk.devices()).find((row) => row.device_id === device_id);
    return [
      nameOf(device_id, device),
      "",
      `- scope: ${device?.scope ?? reach}`,
      `- sees: ${REACHES[reach]}`,
      `- session: ${code(turn.session_id)}`,
      ...(device ? [`- paired: ${relative(device.created_at, now)}`] : []),
      ...(device && device.expires_at !== null ? [`- expires: ${relative(device.expires_at, now)}`] : []),
    ].join("\n");
  },
};

function nameOf(device_id: string | null, device: DeskDevice | undefined): string {
  if (device) return `You are “${inline(device.name, 64)}”, device ${code(device.device_id)}.`;
  if (device_id === LOCAL_PRINCIPAL.device_id) return "You are at the machine that the gateway runs on.";
  return device_id === null ? "You are no device: the gateway itself asked." : `You are device ${code(device_id)}.`;
}
