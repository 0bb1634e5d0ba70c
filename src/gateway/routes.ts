import { config, history, metricsText, root } from "../api/config.ts";
import type { Handler } from "../api/context.ts";
import * as devices from "../api/devices.ts";
import * as events from "../api/events.ts";
import { health } from "../api/health.ts";
import { message } from "../api/message.ts";
import { openapi } from "../api/openapi.ts";
import { pair } from "../api/pair.ts";
import type { ApiParts } from "../api/parts.ts";
import { answerPermission, listPermissions } from "../api/permissions.ts";
import { purgeEvents } from "../api/purge.ts";
import { listRefusals } from "../api/refusals.ts";
import { replayEvent, replayEvents } from "../api/replay.ts";
import { cancelRun, getRun } from "../api/runs.ts";
import * as sessions from "../api/sessions.ts";
import { handshake, type SourceParts, source } from "../api/source.ts";
import { listSources, testSource } from "../api/sources.ts";
import { status } from "../api/status.ts";
import { stream } from "../api/stream.ts";
import { webhook } from "../api/webhook.ts";
import type { Permissions } from "../runs/permissions.ts";
import type { Route } from "./route.ts";

/** The page's cap on every body that has no larger one of its own. */
export const MAX_BODY = 65_536;

export interface RouteParts extends ApiParts {
  readonly permissions: Permissions;
}

/** Everything the gateway answers to. Counted in the client's window unless it says otherwise; bodies are POST's and PATCH's. */
export function routes(api: RouteParts): readonly Route[] {
  return [
    ...sources(api),
    ...openai(api),

    row("GET", "/", "any", root()),
    { ...row("GET", "/health", "none", health(api)), limit: "none" },
    row("GET", "/api/openapi.json", "any", openapi()),
    row("GET", "/api/status", "any", status(api)),
    { ...row("POST", "/pair", "none", pair(api)), limit: "pair" },
    row("GET", "/ws", "any", "websocket"),

    row("POST", "/webhook", "ingest", webhook(api)),
    row("POST", "/api/message", "chat", message(api)),
    row("GET", "/api/runs/:id", "chat", getRun(api)),
    row("DELETE", "/api/runs/:id", "chat", cancelRun(api)),
    row("GET", "/api/permissions", "chat", listPermissions(api)),
    row("POST", "/api/permissions/:id", "chat", answerPermission(api)),
    row("GET", "/api/sessions", "chat", sessions.listSessions(api)),
    row("GET", "/api/sessions/:id", "chat", sessions.getSession(api)),
    row("DELETE", "/api/sessions/:id", "chat", sessions.deleteSession(api)),

    row("GET", "/api/events", "owner", events.listEvents(api)),
    row("GET", "/api/events/:id", "owner", events.getEvent(api)),
    row("GET", "/api/events/:id/body", "owner", events.getEventBody(api)),
    { ...row("POST", "/api/events/:id/replay", "owner", replayEvent(api)), maxBody: 0 },
    row("POST", "/api/events/replay", "owner", replayEvents(api)),
    row("POST", "/api/events/purge", "owner", purgeEvents(api)),
    row("GET", "/api/refusals", "owner", listRefusals(api)),
    row("GET", "/api/sources", "owner", listSources(api)),
    row("POST", "/api/sources/:source/test", "owner", testSource(api)),
    row("GET", "/api/stream", "owner", stream(api)),
    row("GET", "/api/history", "owner", history(api)),
    row("GET", "/api/config", "owner", config(api)),
    row("GET", "/metrics", "owner", metricsText(api)),

    row("GET", "/api/devices", "owner", devices.listDevices(api)),
    row("PATCH", "/api/devices/:id", "owner", devices.renameDevice(api)),
    // Any token may remove itself; the handler refuses it the others.
    row("DELETE", "/api/devices/:id", "ingest", devices.deleteDevice(api)),
    row("POST", "/api/paircodes", "owner", devices.createPaircode(api)),

    {
      ...row(
        "POST",
        "/mcp",
        "owner",
        later(async () => (await import("../api/mcp.ts")).mcp(api)),
      ),
      forAgents: true,
    },

    { ...row("GET", "/local/paircode", "local", devices.currentPaircode(api)), limit: "none" },
    { ...row("POST", "/local/paircode", "local", devices.renewPaircode(api)), limit: "none" },
  ];
}

function row(method: Route["method"], path: string, auth: Route["auth"], handler: Route["handler"]): Route {
  const maxBody = method === "POST" || method === "PATCH" ? MAX_BODY : 0;
  return { method, path, auth, limit: "client", maxBody, handler };
}

/** The agent to any OpenAI client. Its code is loaded by the first of them. */
function openai(api: RouteParts): readonly Route[] {
  const { max_body } = api.config.v1;
  const chat = later(async () => (await import("../api/openai/chat.ts")).chatCompletions(api));
  const responses = later(async () => (await import("../api/openai/responses.ts")).responses(api));
  const list = later(async () => (await import("../api/openai/models.ts")).listModels(api));
  const get = later(async () => (await import("../api/openai/models.ts")).getModel(api));
  return [
    row("GET", "/v1/models", "chat", list),
    row("GET", "/v1/models/:id", "chat", get),
    { ...row("POST", "/v1/chat/completions", "chat", chat), maxBody: max_body },
    { ...row("POST", "/v1/responses", "chat", responses), maxBody: max_body },
  ];
}

/** A handler whose code is loaded when it is first asked for: most gateways never need it. */
function later(load: () => Promise<Handler>): Handler {
  let loaded: Promise<Handler> | null = null;
  return async (context) => {
    loaded ??= load();
    return (await loaded)(context);
  };
}

/** Whoever comes here proves itself by its delivery: no token, and the source's own limits. */
function sources(api: SourceParts): readonly Route[] {
  const paths = [
    { path: "/webhook/:source" },
    { path: "/webhook/:source/:secret" },
    { path: "/github", alias: "github" },
    { path: "/whatsapp", alias: "whatsapp" },
  ];
  return paths.flatMap(({ path, alias }) => {
    const shared = { path, auth: "none", limit: "source", maxBody: 0 } as const;
    return [
      { ...shared, method: "POST", handler: source(api, alias) } as const,
      { ...shared, method: "GET", handler: handshake(api, alias) } as const,
    ];
  });
}
