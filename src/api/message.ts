import { type Answer, json } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import { sha256Hex } from "../lib/hash.ts";
import { keyOf } from "../limits/idempotency-key.ts";
import { Problem } from "../protocol/problem.ts";
import { runRow } from "../protocol/rows.ts";
import type { StoredRun } from "../protocol/run.ts";
import { type RunKey, startKeyed } from "../runs/keyed.ts";
import type { Permissions } from "../runs/permissions.ts";
import type { RunHandle, RunRequest, Terminal } from "../runs/runs.ts";
import { type Context, type Handler, principalOf, valueAs } from "./context.ts";
import type { EventStreamParts } from "./event-stream.ts";
import type { ApiParts } from "./parts.ts";
import { PermissionEvents } from "./permission-events.ts";
import { acceptsStream, runAfter, runStream } from "./run-stream.ts";
import { withinToken } from "./token-end.ts";
import { problemOf } from "./wait.ts";

type MessageParts = EventStreamParts &
  Pick<ApiParts, "config" | "runs" | "streams" | "access" | "keys"> & { readonly permissions: Permissions };

/** How the answer is wanted, and what belongs to it. */
interface Wanted {
  readonly stream: boolean;
  readonly permissions: PermissionEvents | null;
}

/** POST /api/message: one message to the agent; the answer, a stream of it, or 202 and where it will be. */
export function message(parts: MessageParts): Handler {
  return async (context) => {
    const principal = principalOf(context);
    const bytes = await context.body();
    const sent = valueAs(jsonOf(bytes), "message_request");
    const text = sent.message ?? sent.content ?? "";
    if (text.trim() === "") {
      throw new Problem("bad_field", {
        detail: '"message" is missing or empty: say something, as {"message": "Hello"}.',
      });
    }
    const stream = sent.stream === true || acceptsStream(context);
    if (sent.permissions && !stream) {
      throw new Problem("bad_field", {
        detail: '"permissions" needs "stream": true, because the agent asks in the middle of its answer.',
      });
    }
    const place = await parts.access.forMessage(principal, sent.session_id);
    const request = { ...place, origin: "http", text, ...(sent.steer ? { steer: true } : {}) } as const;
    const key = parts.keys && keyFor(context, principal.device_id, bytes);
    const permissions = sent.permissions ? new PermissionEvents(parts.permissions) : null;
    try {
      return await answer(parts, context, request, key, { stream, permissions });
    } catch (error) {
      permissions?.stop();
      throw error;
    }
  };
}

async function answer(
  parts: MessageParts,
  context: Context,
  request: RunRequest,
  key: RunKey | null,
  wanted: Wanted,
): Promise<Answer> {
  if (!key || !parts.keys) return answerFor(parts, context, await parts.runs.start(request), wanted);
  const keyed = await startKeyed(parts.runs, parts.keys, request, key);
  if (keyed.kind === "started") return answerFor(parts, context, keyed.handle, wanted, { ...keyed, key });
  return wanted.stream ? streamAgain(parts, context, keyed.run, wanted) : replayed(keyed.run);
}

async function answerFor(
  parts: MessageParts,
  context: Context,
  handle: RunHandle,
  { stream, permissions }: Wanted,
  keyed?: { readonly key: RunKey; readonly answered: () => void },
): Promise<Answer> {
  if (stream) {
    const { run_id, session_id, after } = handle;
    return runStream(context, parts, { run_id, session_id, after, permissions: permissions?.of(run_id) ?? null });
  }
  const waitSeconds = parts.config.gateway.wait_seconds;
  context.hold(waitSeconds + 10);
  const { device_id } = principalOf(context);
  const frame = await withinToken(parts, device_id, handle.ended, waitSeconds * 1_000, null);
  if (frame?.type === "error" && keyed) await released(parts, keyed.key, handle.run_id);
  if (frame) return ended(frame);
  keyed?.answered();
  return running(handle.run_id);
}

/** The failed run frees its key by itself (`runs/keyed.ts`); whoever tries again at once must find it free. */
async function released({ keys }: MessageParts, key: RunKey, run_id: string): Promise<void> {
  const record = { ...key, run_id, status: 0, body: "", created_at: 0 };
  await keys?.release(key.scope, key.key, record).catch(() => undefined); // it leads to a failed run then, which frees it
}

/** The stream of a run that a key led back to: live from here on, or just its end. */
function streamAgain(parts: MessageParts, context: Context, run: StoredRun, { permissions }: Wanted): Answer {
  const followed = { ...runAfter(parts.runs, run, null), permissions: permissions?.of(run.run_id) ?? null };
  return runStream(context, parts, followed, { "Idempotency-Replayed": "true" });
}

function ended(frame: Terminal): Answer {
  if (frame.type === "error") throw problemOf(frame);
  const { content, model, session_id, message_id, run_id, usage } = frame;
  return json({ response: content, model, session_id, message_id, run_id, ...(usage ? { usage } : {}) });
}

function running(run_id: string, extra: object = {}): Answer {
  return json({ status: "running", run_id, ...extra }, 202, { Location: `/api/runs/${run_id}` });
}

function replayed(run: StoredRun): Answer {
  const headers = { "Idempotency-Replayed": "true" };
  if (run.state !== "done") {
    const answer = running(run.run_id, { run: runRow(run) });
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }
  const { response, model, session_id, message_id, run_id, usage } = run;
  return json({ response, model, session_id, message_id, run_id, ...(usage ? { usage } : {}) }, 200, headers);
}

/** The request's idempotency key, scoped by device and route; null when it has none. @throws Problem bad_idempotency_key */
export function keyFor(context: Context, device_id: string, body: Uint8Array): RunKey | null {
  const key = keyOf(context.request.headers);
  if (key === null) return null;
  return { scope: `${device_id} ${context.path}`, key, fingerprint: sha256Hex(body) };
}
