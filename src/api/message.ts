import { type Answer, json } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import { sha256Hex } from "../lib/hash.ts";
import { keyOf } from "../limits/idempotency-key.ts";
import { Problem } from "../protocol/problem.ts";
import { runRow } from "../protocol/rows.ts";
import type { StoredRun } from "../protocol/run.ts";
import { reachOf } from "../runs/access.ts";
import { type RunKey, startKeyed } from "../runs/keyed.ts";
import type { RunHandle, Terminal } from "../runs/runs.ts";
import { type Context, type Handler, principalOf, valueAs } from "./context.ts";
import type { ApiParts } from "./parts.ts";
import { runStream } from "./run-stream.ts";
import { problemOf, within } from "./wait.ts";

type MessageParts = Pick<ApiParts, "config" | "runs" | "streams" | "access" | "keys" | "devices" | "clock" | "leaving">;

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
    const session_id = await parts.access.forMessage(principal, sent.session_id);
    const request = {
      session_id,
      device_id: principal.device_id,
      origin: "http",
      reach: reachOf(principal),
      text,
    } as const;
    const key = parts.keys && keyFor(context, principal.device_id, bytes);
    if (!key || !parts.keys) {
      return answerFor(parts, context, await parts.runs.start(request), sent.stream, () => undefined);
    }
    const keyed = await startKeyed(parts.runs, parts.keys, request, key);
    if (keyed.kind === "started") return answerFor(parts, context, keyed.handle, sent.stream, keyed.answered);
    return wantsStream(context, sent.stream) ? streamAgain(parts, context, keyed.run) : replayed(keyed.run);
  };
}

async function answerFor(
  parts: MessageParts,
  context: Context,
  handle: RunHandle,
  stream: boolean | undefined,
  answered: () => void,
): Promise<Answer> {
  if (wantsStream(context, stream)) return runStream(context, parts, handle);
  const waitSeconds = parts.config.gateway.wait_seconds;
  context.hold(waitSeconds + 10);
  const frame = await within(handle.ended, waitSeconds * 1_000, null, parts.clock, parts.leaving);
  if (frame) return ended(frame);
  answered();
  return running(handle.run_id);
}

function wantsStream(context: Context, stream: boolean | undefined): boolean {
  return stream === true || (context.request.headers.get("accept") ?? "").includes("text/event-stream");
}

/** The stream of a run that a key led back to: live from here on, or just its end. */
function streamAgain(parts: MessageParts, context: Context, run: StoredRun): Answer {
  const { run_id, session_id } = run;
  const followed = parts.runs.handle(run_id) ?? { run_id, session_id, after: (run.seq ?? 1) - 1 };
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
