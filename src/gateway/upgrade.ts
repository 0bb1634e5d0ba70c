import type { Answer } from "../http/answer.ts";
import { Problem } from "../protocol/problem.ts";
import type { SocketHub } from "../ws/hub.ts";
import type { Server } from "./listen.ts";
import type { Visit } from "./visit.ts";

const PROTOCOL = "zeroclaw.v1";

/** Makes a request to `/ws` a socket: null when it has become one. @throws Problem when it may not */
export function upgrade(hub: SocketHub, server: Server, visit: Visit): Answer | null {
  const { headers } = visit.request;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") throw upgradeRequired();
  const admitted = hub.admit(visit.client, visit.principal);
  if (!admitted.ok) throw admitted.problem;
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  // Always set: Bun echoes the first protocol that was offered otherwise, which may be the one with the token in it. An
  // empty one makes it send none.
  const chosen = { "Sec-WebSocket-Protocol": offered.includes(PROTOCOL) ? PROTOCOL : "" };
  if (server.upgrade(visit.request, { data: admitted.data, headers: chosen })) return null;
  throw upgradeRequired();
}

function upgradeRequired(): Problem {
  return new Problem("upgrade_required", {
    detail:
      "This address speaks WebSocket: connect with a WebSocket client, as in new WebSocket('ws://127.0.0.1:8585/ws').",
    headers: { Upgrade: "websocket", Connection: "Upgrade" },
  });
}
