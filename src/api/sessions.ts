import { type Answer, json } from "../http/answer.ts";
import { rfc3339 } from "../lib/time.ts";
import type { StoredMessage, StoredSession } from "../store/store.ts";
import { type Context, type Handler, notFound, principalOf, queryNumber } from "./context.ts";
import type { ApiParts } from "./parts.ts";

const NO_CONTENT: Answer = { status: 204, body: null };

/** GET /api/sessions: latest first; a chat token sees its own. */
export function listSessions({ store }: Pick<ApiParts, "store">): Handler {
  return async (context) => {
    const principal = principalOf(context);
    const after = context.query("after");
    const page = await store.sessions.list({
      ...(principal.scope === "owner" ? {} : { device_id: principal.device_id }),
      limit: queryNumber(context, "limit", 50, 1, 200),
      ...(after ? { after } : {}),
    });
    return json({ sessions: page.items.map(sessionRow), next: page.next });
  };
}

/** GET /api/sessions/{id}: its messages, oldest first. */
export function getSession({ store, access }: Pick<ApiParts, "store" | "access">): Handler {
  return async (context) => {
    const session = await find(access, context);
    const after = context.query("after");
    const page = await store.sessions.messages(session.session_id, {
      limit: queryNumber(context, "limit", 100, 1, 500),
      ...(after ? { after } : {}),
    });
    const { session_id, title } = session;
    return json({ session_id, title, messages: page.items.map(messageRow), next: page.next });
  };
}

/** DELETE /api/sessions/{id}: its history too, and what the agent has of it. What runs in it is cancelled first. */
export function deleteSession({
  store,
  access,
  runs,
  streams,
  agent,
}: Pick<ApiParts, "store" | "access" | "runs" | "streams" | "agent">): Handler {
  return async (context) => {
    const { session_id } = await find(access, context);
    await runs.cancelSession(session_id);
    await store.sessions.remove(session_id);
    streams.drop(session_id);
    // Not before it is gone: what the agent began with meanwhile may still have drawn on it.
    agent.forget?.(session_id);
    return NO_CONTENT;
  };
}

async function find(access: ApiParts["access"], context: Context): Promise<StoredSession> {
  const session = await access.find(principalOf(context), context.params["id"] ?? "");
  if (!session) throw notFound("Cannot find the session.");
  return session;
}

function sessionRow({ session_id, title, created_at, updated_at }: StoredSession) {
  return { session_id, title, created_at: rfc3339(created_at), updated_at: rfc3339(updated_at) };
}

function messageRow({ message_id, role, content, at, run_id, cut }: StoredMessage) {
  return { message_id, role, content, at: rfc3339(at), run_id, ...(cut ? { cut } : {}) };
}
