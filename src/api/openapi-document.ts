import { VERSION } from "../lib/version.ts";
import { PROBLEMS } from "../protocol/problem.ts";
import { SHAPE_SCHEMAS } from "../protocol/shapes.generated.ts";
import { AGENT_PATHS } from "./openapi-agent.ts";
import { header, operation, pathParameter, query, ref, type Schema } from "./openapi-build.ts";
import { INBOX_PATHS } from "./openapi-inbox.ts";
import { ROWS } from "./openapi-rows.ts";

/** No token is looked at. */
const OPEN = { security: [] };
/** A token may be left out; a wrong one is refused. */
const ANYONE = { security: [{}, { token: [] }] };
const ID = pathParameter("id");
const PAGE = [query("limit"), query("after")];

const PATHS: Schema = {
  "/health": { get: operation("health", "Whether the gateway can do its work", { ...OPEN, 200: ref("health") }) },
  "/pair": {
    post: operation("pair", "A pairing code for a token", {
      ...OPEN,
      body: ref("pair_request"),
      optionalBody: true,
      parameters: [header("X-Pairing-Code", "The code, instead of the body")],
      200: ref("paired"),
    }),
  },
  "/webhook": {
    post: operation("webhook", "Store an event for the agent, or ask it a question", {
      body: { anyOf: [ref("webhook_question"), {}] },
      parameters: [header("Idempotency-Key", "Names this event: sent again, it is accepted once")],
      200: ref("webhook_answer"),
      202: ref("accepted"),
    }),
  },
  "/api/message": {
    post: operation("message", "Say something to the agent", {
      body: ref("message_request"),
      parameters: [header("Idempotency-Key", "Names this message: sent again, it gets the first answer")],
      200: ref("answer"),
      202: ref("running"),
      stream: true,
    }),
  },
  "/api/runs/{id}": {
    get: operation("getRun", "State and answer of a run; with Accept: text/event-stream its frames", {
      parameters: [ID, query("after", "A seq: the frames after it"), header("Last-Event-ID", "The same")],
      200: ref("run"),
      stream: true,
    }),
    delete: operation("cancelRun", "Cancel a run", { parameters: [ID], 200: ref("run") }),
  },
  "/api/sessions": {
    get: operation("listSessions", "Sessions, latest first", { parameters: PAGE, 200: ref("sessions") }),
  },
  "/api/sessions/{id}": {
    get: operation("getSession", "Messages of a session, oldest first", {
      parameters: [ID, ...PAGE],
      200: ref("session"),
    }),
    delete: operation("deleteSession", "Remove a session and its history", { parameters: [ID], 204: null }),
  },
  ...AGENT_PATHS,
  ...INBOX_PATHS,
  "/api/stream": {
    get: operation("stream", "What happens, as server-sent events", {
      parameters: [header("Last-Event-ID", "Go on after this one")],
      stream: true,
    }),
  },
  "/api/history": {
    get: operation("history", "Counters by minute", { parameters: [query("minutes")], 200: ref("history") }),
  },
  "/api/status": {
    get: operation("status", "State of the gateway; more with a token", {
      ...ANYONE,
      200: ref("status"),
    }),
  },
  "/api/config": { get: operation("config", "Effective settings and their sources", { 200: ref("config") }) },
  "/api/devices": { get: operation("listDevices", "Who holds a token", { 200: ref("devices") }) },
  "/api/devices/{id}": {
    patch: operation("renameDevice", "Rename a device", {
      parameters: [ID],
      body: ref("device_patch"),
      200: ref("device"),
    }),
    delete: operation("deleteDevice", "Void a device's token", { parameters: [ID], 204: null }),
  },
  "/api/paircodes": {
    post: operation("createPaircode", "A code for one more device", {
      body: ref("paircode_request"),
      optionalBody: true,
      200: ref("paircode"),
    }),
  },
  "/metrics": { get: operation("metrics", "Prometheus text format", { text: true }) },
  "/api/openapi.json": { get: operation("openapi", "This document", { ...ANYONE, 200: { type: "object" } }) },
};

/** The inputs of the agent's tools are MCP's to describe. */
const OF_HTTP = Object.fromEntries(Object.entries(SHAPE_SCHEMAS).filter(([name]) => !name.startsWith("tool_")));

/** The OpenAPI 3.1 document. Requests: the schemas compiled from `protocol/shapes.ts`; answers: `openapi-rows.ts`. */
export function openapiDocument(): Schema {
  return {
    openapi: "3.1.0",
    info: {
      title: "ZeroClaw Gateway",
      version: VERSION,
      summary: "Talk to the agent, post events to it, and look after both.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths: PATHS,
    components: {
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "The token that POST /pair gave, as zc_ and 64 hex digits.",
        },
      },
      schemas: { ...OF_HTTP, ...ROWS, problem_code: { enum: Object.keys(PROBLEMS) } },
      responses: {
        Problem: {
          description: "Refused; `code` says why, `detail` what to do (RFC 9457).",
          content: { "application/problem+json": { schema: ref("problem") } },
        },
        McpError: {
          description: "Refused: by the gateway as any other request, by the protocol as JSON-RPC.",
          content: {
            "application/problem+json": { schema: ref("problem") },
            "application/json": { schema: { type: "object" } },
          },
        },
        OpenAiError: {
          description: "Refused, in the shape that OpenAI's clients read; `zeroclaw_code` is the code of a problem.",
          content: { "application/json": { schema: ref("openai_error") } },
        },
      },
    },
    security: [{ token: [] }],
  };
}
