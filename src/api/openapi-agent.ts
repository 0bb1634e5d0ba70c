import { header, operation, pathParameter, ref, type Schema } from "./openapi-build.ts";

const ID = pathParameter("id");
const SESSION = header("X-Zeroclaw-Session", "A session of the gateway's whose history goes before the last message");

/** What OpenAI documents, of which the gateway reads what docs/openai.md lists; other fields are passed over. */
const CHAT: Schema = {
  type: "object",
  properties: {
    model: { type: "string", description: "`zeroclaw`, or an id of GET /v1/models" },
    messages: { type: "array", minItems: 1, items: { type: "object" } },
    stream: { type: "boolean" },
  },
  required: ["messages"],
};
const RESPONSE: Schema = {
  type: "object",
  properties: {
    model: { type: "string", description: "`zeroclaw`, or an id of GET /v1/models" },
    input: { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] },
    instructions: { type: "string" },
    stream: { type: "boolean" },
  },
  required: ["input"],
};
const ANY: Schema = { type: "object" };

/** The agent for programs: OpenAI's clients, MCP's, and whoever answers its questions. */
export const AGENT_PATHS: Schema = {
  "/v1/models": {
    get: operation("listModels", "The agent, as OpenAI lists models", { refuses: "OpenAiError", 200: ref("models") }),
  },
  "/v1/models/{id}": {
    get: operation("getModel", "One of them", { refuses: "OpenAiError", parameters: [ID], 200: ref("model") }),
  },
  "/v1/chat/completions": {
    post: operation("chatCompletions", "Ask the agent, as an OpenAI client does", {
      refuses: "OpenAiError",
      parameters: [SESSION],
      body: CHAT,
      200: ANY,
      stream: true,
    }),
  },
  "/v1/responses": {
    post: operation("responses", "Ask the agent, as an OpenAI client does", {
      refuses: "OpenAiError",
      parameters: [SESSION],
      body: RESPONSE,
      200: ANY,
      stream: true,
    }),
  },
  "/mcp": {
    post: operation("mcp", "The gateway's tools: the Model Context Protocol over streamable HTTP", {
      refuses: "McpError",
      body: { anyOf: [ANY, { type: "array" }] },
      200: ANY,
      stream: true,
      202: ANY,
    }),
  },
  "/api/permissions": {
    get: operation("listPermissions", "Questions of agents that wait for an answer", { 200: ref("permissions") }),
  },
  "/api/permissions/{id}": {
    post: operation("answerPermission", "Answer one of them", {
      parameters: [ID],
      body: ref("permission_answer"),
      200: ref("permission"),
    }),
  },
};
