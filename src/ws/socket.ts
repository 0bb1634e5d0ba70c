/** What this folder needs of a WebSocket, so that it is tested without a server. */
export interface SocketLike {
  /** More than 0: sent. -1: queued until the reader takes it. 0: dropped. */
  send(text: string): number;
  ping(): void;
  /** Sends what is queued, then the close frame. */
  close(code: number, reason: string): void;
  /** Cuts the connection: for a peer that does not answer. */
  terminate(): void;
  /** Bytes that were sent but not taken yet. */
  bufferedAmount(): number;
}

export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/** Why the gateway closes a socket (RFC 6455 §7.4; 4000 to 4999 are ours). docs/websocket.md says what a client does on each. */
export const CLOSE = {
  shutdown: { code: 1001, reason: "server shutting down" },
  internal: { code: 1011, reason: "internal error" },
  too_slow: { code: 1013, reason: "reading too slowly; come back and resume" },
  unauthorized: { code: 4401, reason: "not authenticated" },
  revoked: { code: 4403, reason: "token revoked or expired" },
  auth_timeout: { code: 4408, reason: "no authentication in time" },
  rate_limited: { code: 4429, reason: "too many messages were refused" },
} as const satisfies Record<string, CloseReason>;
