import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { SocketData, SocketHub } from "./hub.ts";
import { MAX_BEHIND } from "./outbox.ts";
import { stackOf } from "./refusal.ts";
import { CLOSE, type SocketLike } from "./socket.ts";

const MAX_FRAME_BYTES = 65_536;
/** Ours are every 25 s; this is for a socket that would be held although our timer does not come. */
const IDLE_SECONDS = 120;

/**
 * The `websocket` of `Bun.serve`, in front of a hub. An exception in a handler, or a rejected promise of one, ends the whole
 * process, so none leaves from here.
 */
export function websocketHandlers(hub: SocketHub): WebSocketHandler<SocketData> {
  const guarded = (ws: ServerWebSocket<SocketData>, work: () => void) => {
    try {
      work();
    } catch (error) {
      giveUp(hub, ws, error);
    }
  };
  return {
    maxPayloadLength: MAX_FRAME_BYTES,
    idleTimeout: IDLE_SECONDS,
    sendPings: false,
    // Never reached while the outbox counts: behind it is a frame that takes the reader past this, and then nothing more.
    backpressureLimit: 2 * MAX_BEHIND,
    closeOnBackpressureLimit: true,
    perMessageDeflate: false,
    publishToSelf: false,
    open: (ws) => guarded(ws, () => hub.open(ws.data, socketOf(ws))),
    message: (ws, message) => guarded(ws, () => hub.message(ws.data, message)),
    drain: (ws) => guarded(ws, () => hub.drain(ws.data)),
    ping: (ws) => guarded(ws, () => hub.heard(ws.data)),
    pong: (ws) => guarded(ws, () => hub.heard(ws.data)),
    close: (ws) => guarded(ws, () => hub.close(ws.data)),
    error: (error, ws) => giveUp(hub, ws, error),
  };
}

function socketOf(ws: ServerWebSocket<SocketData>): SocketLike {
  return {
    send: (text) => ws.send(text),
    ping: () => void ws.ping(),
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
    bufferedAmount: () => ws.getBufferedAmount(),
  };
}

function giveUp(hub: SocketHub, ws: ServerWebSocket<SocketData>, error: unknown): void {
  hub.parts.log.error("A socket failed in a way it should not", { error: stackOf(error) });
  try {
    hub.close(ws.data);
    ws.close(CLOSE.internal.code, CLOSE.internal.reason);
  } catch {
    // It is closed already.
  }
}
