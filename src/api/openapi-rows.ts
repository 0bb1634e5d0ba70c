import { EVENT_STATES } from "../protocol/event.ts";
import { SCOPES } from "../protocol/principal.ts";
import { REFUSAL_REASONS } from "../protocol/refusal.ts";
import { ref, type Schema } from "./openapi-build.ts";

const TEXT: Schema = { type: "string" };
const COUNT: Schema = { type: "integer", minimum: 0 };
const TIME: Schema = { type: "string", format: "date-time" };
const ID: Schema = { type: "string", format: "uuid" };
const MORE: Schema = { const: true, description: "There were too many for one request: ask again" };
const NEXT: Schema = { type: ["string", "null"], description: "Send as `after` for the next page" };

/** What the gateway answers with (contract §7), as JSON Schema 2020-12. A trailing `?` marks what may be absent. */
export const ROWS: Readonly<Record<string, Schema>> = {
  problem: object({
    type: TEXT,
    title: TEXT,
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: TEXT,
    code: ref("problem_code"),
    request_id: ID,
    error: TEXT,
  }),
  openai_error: object({
    error: object({
      message: TEXT,
      type: TEXT,
      param: { type: ["string", "null"] },
      code: TEXT,
      zeroclaw_code: ref("problem_code"),
    }),
  }),
  model: object({ id: TEXT, object: { const: "model" }, created: COUNT, owned_by: TEXT }),
  models: object({ object: { const: "list" }, data: list(ref("model")) }),
  permission_question: object({
    request_id: ID,
    run_id: ID,
    session_id: TEXT,
    title: TEXT,
    options: list({ enum: ["allow", "deny", "always"] }),
  }),
  permissions: object({ permissions: list(ref("permission_question")) }),
  permission: object({ request_id: ID, run_id: ID, decision: { enum: ["allow", "deny", "always"] } }),
  health: object({ status: { const: "ok" } }),
  paired: object({
    paired: { const: true },
    persisted: { const: true },
    token: { type: "string", pattern: "^zc_[0-9a-f]{64}$" },
    device_id: TEXT,
    scope: ref("scope"),
    message: TEXT,
  }),
  scope: { enum: [...SCOPES] },
  accepted: object({ status: { const: "accepted" }, event_id: ID }),
  webhook_answer: object({ status: { enum: ["ok", "duplicate"] }, event_id: ID, "response?": TEXT, "model?": TEXT }),
  usage: object({ input_tokens: COUNT, output_tokens: COUNT }),
  answer: object({
    response: TEXT,
    model: TEXT,
    session_id: TEXT,
    message_id: ID,
    run_id: ID,
    "usage?": ref("usage"),
  }),
  running: object({ status: { const: "running" }, run_id: ID, "run?": ref("run") }),
  run: object({
    run_id: ID,
    session_id: TEXT,
    "event_id?": ID,
    state: { enum: ["queued", "running", "done", "failed", "cancelled"] },
    attempt: COUNT,
    "response?": TEXT,
    "model?": TEXT,
    "error?": object({ code: TEXT, detail: TEXT }),
    started_at: { type: ["string", "null"], format: "date-time" },
    "ended_at?": TIME,
  }),
  session_row: object({ session_id: TEXT, title: TEXT, created_at: TIME, updated_at: TIME }),
  sessions: object({ sessions: list(ref("session_row")), next: NEXT }),
  session: object({
    session_id: TEXT,
    title: TEXT,
    messages: list(
      object({
        message_id: ID,
        role: { enum: ["user", "assistant"] },
        content: TEXT,
        at: TIME,
        run_id: ID,
        "cut?": { const: true, description: "The answer was stopped before it was whole" },
      }),
    ),
    next: NEXT,
  }),
  event: object(eventFields()),
  events: object({ events: list(ref("event")), next: NEXT }),
  event_detail: object({
    ...eventFields(),
    headers: { type: "object", additionalProperties: TEXT },
    "body?": TEXT,
    "body_encoding?": { const: "base64" },
    "body_truncated?": { const: true },
    "purged?": { const: true, description: "Headers and body were deleted" },
    attempts_log: list(
      object({ at: TIME, outcome: { enum: ["done", "failed", "interrupted", "replayed"] }, detail: TEXT }),
    ),
    "response?": TEXT,
    replies: list(ref("reply")),
  }),
  reply: object({
    reply_id: ID,
    to: { enum: ["whatsapp", "github", "callback"] },
    state: { enum: ["pending", "sending", "retrying", "sent", "uncertain", "dead"] },
    attempts: COUNT,
    "detail?": TEXT,
    updated_at: TIME,
  }),
  replaying: object({ status: { const: "replaying" }, event_id: ID }),
  replaying_many: object({ status: { const: "replaying" }, events: COUNT, "more?": MORE }),
  purged: object({ purged: COUNT, removed: COUNT, "more?": MORE }),
  refusal: object({
    at: TIME,
    source: TEXT,
    reason: { enum: [...REFUSAL_REASONS] },
    detail: TEXT,
    fix: TEXT,
    client: TEXT,
    request_id: ID,
    size: COUNT,
    "delivery_id?": TEXT,
    "event?": TEXT,
  }),
  refusals: object({ refusals: list(ref("refusal")), next: NEXT }),
  delivery: object({
    status: { enum: ["accepted", "duplicate", "ignored"] },
    "event_id?": ID,
    "event_ids?": list(ID),
  }),
  sources: object({
    sources: list(
      object({
        source: TEXT,
        "kind?": TEXT,
        on: { type: "boolean" },
        "reason?": TEXT,
        "address?": TEXT,
        samples: list(TEXT),
      }),
    ),
  }),
  source_tested: object({
    status: { type: "integer", minimum: 100, maximum: 599 },
    ok: { type: "boolean" },
    answer: TEXT,
    "event_id?": ID,
    url: TEXT,
    event: TEXT,
  }),
  device: object({
    device_id: TEXT,
    name: TEXT,
    scope: ref("scope"),
    created_at: TIME,
    last_seen_at: { type: ["string", "null"], format: "date-time" },
    "expires_at?": TIME,
    current: { type: "boolean" },
  }),
  devices: object({ devices: list(ref("device")) }),
  paircode: object({ code: { type: "string", pattern: "^[A-Z]{4}-[0-9]{4}-[A-Z]{4}$" }, expires_at: TIME }),
  status: object({
    status: { enum: ["ok", "draining", "store_unavailable"] },
    version: TEXT,
    uptime_seconds: COUNT,
    paired: { type: "boolean" },
    "pid?": COUNT,
    "address?": TEXT,
    "agent?": object({ kind: TEXT, model: TEXT, "trouble?": TEXT }),
    "channels?": list(
      object({
        name: TEXT,
        "kind?": TEXT,
        on: { type: "boolean" },
        "reason?": TEXT,
        "silent?": { const: true, description: "Nothing came for longer than expect_every" },
      }),
    ),
    "replies?": { type: "object", description: "Answers on their way back, by state" },
    "devices?": COUNT,
    "inbox?": { type: "object" },
    "sockets?": object({ open: COUNT, unauthenticated: COUNT }),
    "limits?": { type: "object" },
  }),
  config: object({ settings: list({ type: "object" }) }),
  history: object({ history: list({ type: "object" }) }),
};

function eventFields(): Record<string, Schema> {
  return {
    event_id: ID,
    source: TEXT,
    type: TEXT,
    delivery_id: { type: ["string", "null"] },
    state: { enum: [...EVENT_STATES] },
    attempts: COUNT,
    session_id: TEXT,
    received_at: TIME,
    updated_at: TIME,
    size: COUNT,
    "error?": TEXT,
  };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields);
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name.replace("?", ""), fields[name]])),
    required: names.filter((name) => !name.endsWith("?")),
  };
}
