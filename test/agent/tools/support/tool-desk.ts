import { openTools } from "../../../../src/agent/tools/open-tools.ts";
import type { ToolDesk } from "../../../../src/agent/tools/tool-desk.ts";
import type { SaidOutcome, ToolUser } from "../../../../src/agent/tools/tools.ts";
import type { StoredSession } from "../../../../src/store/store.ts";
import { FakeDesk } from "../../operator/support/desk.ts";

export const OWNER: ToolUser = { reach: "owner", device_id: "device-a", session_id: "device:device-a" };
export const CHAT: ToolUser = { reach: "chat", device_id: "device-b", session_id: "device:device-b" };
export const SIGNAL = new AbortController().signal;

/** The operator's world, with conversations and what was said in them. */
export class FakeToolDesk extends FakeDesk implements ToolDesk {
  readonly conversations: StoredSession[] = [];
  readonly said: { readonly session_id: string; readonly text: string; readonly key: string | null }[] = [];
  outcome: SaidOutcome = { ok: true, run_id: "run-1", goes: "session" };

  readonly sessions = {
    get: async (session_id: string) => this.conversations.find((each) => each.session_id === session_id) ?? null,
    list: async ({ device_id, limit }: { readonly device_id?: string; readonly limit: number }) => {
      const all = this.conversations.filter((each) => device_id === undefined || each.device_id === device_id);
      return { items: all.slice(0, limit), next: all.length > limit ? "next" : null };
    },
  };

  async say(_user: ToolUser, session_id: string, text: string, key: string | null): Promise<SaidOutcome> {
    this.said.push({ session_id, text, key });
    return this.outcome;
  }

  conversation(session_id: string, device_id: string | null, title = session_id): void {
    const at = this.clock.now();
    this.conversations.push({ session_id, device_id, title, created_at: at, updated_at: at, seq_limit: 0 });
  }
}

/** What a call gives, as the object it is; `text` of one that failed. */
export async function call(desk: ToolDesk, user: ToolUser, name: string, input: unknown = {}) {
  return read(await openTools(desk, user).call(name, input, SIGNAL));
}

export function read({ text, failed }: { readonly text: string; readonly failed: boolean }) {
  return failed ? { failed: text } : JSON.parse(text);
}
