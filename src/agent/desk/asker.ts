import type { AgentTurn } from "../agent.ts";

/** Who gets the answer. What `chat` may see is all its own device's, so it never comes without one. */
export type Asker =
  | { readonly reach: "owner"; readonly device_id: string | null }
  | { readonly reach: "chat"; readonly device_id: string };

/** Null for turns that may see nothing but their own session. */
export function askerOf({ reach, device_id }: Pick<AgentTurn, "reach" | "device_id">): Asker | null {
  if (reach === "owner") return { reach, device_id };
  return reach === "chat" && device_id !== null ? { reach, device_id } : null;
}

/** The filter of notes and searches: an owner's is empty. */
export function ownOnly(asker: Asker): { readonly device_id?: string } {
  return asker.reach === "owner" ? {} : { device_id: asker.device_id };
}
