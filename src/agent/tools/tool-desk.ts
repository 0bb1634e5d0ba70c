import type { SessionStore } from "../../store/store.ts";
import type { Desk } from "../desk/desk.ts";
import type { SaidOutcome, ToolUser } from "./tools.ts";

/** What the tools work with. */
export interface ToolDesk extends Desk {
  readonly sessions: Pick<SessionStore, "get" | "list">;
  /**
   * Says something in another conversation; whether the user may is decided there. Two calls with one `key` are one
   * message that a crash made the user send twice.
   */
  say(user: ToolUser, session_id: string, text: string, key: string | null): Promise<SaidOutcome>;
}
