import { Problem } from "../protocol/problem.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";

/** `pair`: a code for a token; the socket is the new device's from then on. */
export async function onPair(connection: Connection, frame: FrameOf<"pair">): Promise<void> {
  const { parts, client } = connection;
  if (connection.principal) {
    throw new Problem("bad_request", {
      detail: "This socket belongs to a device already. Pair a new one on a socket of its own.",
    });
  }
  const { token, device } = await parts.pair({ code: frame.code, client, deviceName: frame.device_name });
  const { device_id, scope } = device;
  connection.send({ type: "paired", token, device_id, scope }, frame.id);
  const principal = parts.authenticate(token);
  if (principal) connection.become(principal);
}
