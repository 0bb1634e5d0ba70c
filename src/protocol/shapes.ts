/**
 * What clients send, declared once in arktype's language. `scripts/generate.ts` compiles these into plain checks
 * (`shapes.generated.ts`) and JSON Schema for `/api/openapi.json`, so arktype itself is never loaded by the gateway.
 * `type.infer` gives the same declarations as TypeScript types; the import is erased.
 */
import type { type } from "arktype";

const SESSION_ID = "/^[A-Za-z0-9._:-]{1,128}$/";
const NAME = "0 < string <= 64";
const SOURCE = "0 < string <= 64";
/** A time or a duration back from now, such as 24h: the handler reads it. */
const WHEN = "0 < string <= 64";
const SCOPE = "'owner' | 'chat' | 'ingest'";
/** An id, or enough of its beginning to tell it from others. */
const ID_BEGINNING = "4 <= string <= 36";

export const SHAPES = {
  pair_request: { code: "string <= 64", "device_name?": NAME },
  message_request: {
    "message?": "string",
    "content?": "string",
    "session_id?": SESSION_ID,
    "stream?": "boolean",
    "steer?": "boolean",
    "permissions?": "boolean",
  },
  webhook_question: { message: "string", "session_id?": SESSION_ID, "stream?": "boolean" },
  paircode_request: { "scope?": SCOPE, "device_name?": NAME },
  device_patch: { name: NAME },
  permission_answer: { decision: "'allow' | 'deny' | 'always'" },
  replay_request: { state: "'dead' | 'done'", "source?": SOURCE, "since?": WHEN },
  purge_request: { before: WHEN, "state?": "'dead' | 'done'", "source?": SOURCE },
  source_test: { "event?": "0 < string <= 128" },
  frame_message: {
    content: "string",
    "token?": "string <= 256",
    "id?": "0 < string <= 255",
    "session_id?": SESSION_ID,
    "stream?": "boolean",
    "steer?": "boolean",
  },
  frame_auth: { token: "string <= 256", "permissions?": "boolean", "id?": "0 < string <= 255" },
  frame_pair: { code: "string <= 64", "device_name?": NAME, "id?": "0 < string <= 255" },
  frame_resume: { session_id: SESSION_ID, after: "number.integer >= 0", "id?": "0 < string <= 255" },
  frame_cancel: { "run_id?": "string <= 64", "id?": "0 < string <= 255" },
  frame_topics: { topics: "string[] <= 64", "id?": "0 < string <= 255" },
  frame_permission: {
    request_id: "string <= 64",
    decision: "'allow' | 'deny' | 'always'",
    "id?": "0 < string <= 255",
  },
  frame_ping: { "id?": "0 < string <= 255" },
  // What models give the tools of `agent/tools/`, each under its tool's name.
  tool_search: {
    words: "0 < string <= 1000",
    "kind?": "'note' | 'event' | 'message'",
    "limit?": "1 <= number.integer <= 20",
  },
  tool_list_events: {
    "source?": SOURCE,
    "state?": "'received' | 'running' | 'retrying' | 'done' | 'dead'",
    "since?": WHEN,
    "limit?": "1 <= number.integer <= 100",
  },
  tool_get_event: { id: ID_BEGINNING },
  tool_list_notes: { "limit?": "1 <= number.integer <= 100" },
  tool_add_note: { text: "0 < string <= 16384" },
  tool_list_sessions: { "limit?": "1 <= number.integer <= 100" },
  tool_send_message: { session_id: SESSION_ID, text: "0 < string <= 16384" },
  tool_remind: { when: WHEN, text: "0 < string <= 4096", "session_id?": SESSION_ID },
  tool_list_reminders: { "limit?": "1 <= number.integer <= 200" },
  tool_cancel_reminder: { id: ID_BEGINNING },
} as const;

export type ShapeName = keyof typeof SHAPES;
export type Shape<N extends ShapeName> = type.infer<(typeof SHAPES)[N]>;
