/** What a token may do. `owner`: everything. `chat`: messages and its own sessions. `ingest`: POST /webhook only. */
export type Scope = "owner" | "chat" | "ingest";

export const SCOPES = ["owner", "chat", "ingest"] as const satisfies readonly Scope[];

/** Who is asking, once a token (or the local socket) has said so. */
export interface Principal {
  readonly device_id: string;
  readonly name: string;
  readonly scope: Scope;
  /** True for the Unix socket in the gateway's folder: only its user can open it. */
  readonly local: boolean;
  /** Of an agent's own process that uses the gateway's tools: the conversation it does so for. Such a token opens nothing but `/mcp`. */
  readonly session_id?: string;
}

/** The principal of every command that a person types on this machine. */
export const LOCAL_PRINCIPAL: Principal = { device_id: "local", name: "this machine", scope: "owner", local: true };

const RANK: Readonly<Record<Scope, number>> = { ingest: 0, chat: 1, owner: 2 };

/** Whether `scope` includes everything that `needed` does. */
export function covers(scope: Scope, needed: Scope): boolean {
  return RANK[scope] >= RANK[needed];
}
