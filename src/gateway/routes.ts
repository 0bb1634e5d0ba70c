import { config, history, metricsText, root } from "../api/config.ts";
import * as devices from "../api/devices.ts";
import * as events from "../api/events.ts";
import { health } from "../api/health.ts";
import { message } from "../api/message.ts";
import { openapi } from "../api/openapi.ts";
import { pair } from "../api/pair.ts";
import type { ApiParts } from "../api/parts.ts";
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
import type { Route } from "./route.ts";

/** The page's cap on every body that has no larger one of its own. */
export const MAX_BODY = 65_536;

/** Everything the gateway answers to. */
export function routes(api: ApiParts): readonly Route[] {
  const body = MAX_BODY;
  return [
    ...sources(api),
    { method: "GET", path: "/", auth: "any", limit: "client", maxBody: 0, handler: root() },
    { method: "GET", path: "/health", auth: "none", limit: "none", maxBody: 0, handler: health(api) },
    { method: "GET", path: "/api/openapi.json", auth: "any", limit: "client", maxBody: 0, handler: openapi() },
    { method: "GET", path: "/api/status", auth: "any", limit: "client", maxBody: 0, handler: status(api) },
    { method: "POST", path: "/pair", auth: "none", limit: "pair", maxBody: body, handler: pair(api) },
    { method: "GET", path: "/ws", auth: "any", limit: "client", maxBody: 0, handler: "websocket" },

    { method: "POST", path: "/webhook", auth: "ingest", limit: "client", maxBody: body, handler: webhook(api) },
    { method: "POST", path: "/api/message", auth: "chat", limit: "client", maxBody: body, handler: message(api) },
    { method: "GET", path: "/api/runs/:id", auth: "chat", limit: "client", maxBody: 0, handler: getRun(api) },
    { method: "DELETE", path: "/api/runs/:id", auth: "chat", limit: "client", maxBody: 0, handler: cancelRun(api) },
    {
      method: "GET",
      path: "/api/sessions",
      auth: "chat",
      limit: "client",
      maxBody: 0,
      handler: sessions.listSessions(api),
    },
    {
      method: "GET",
      path: "/api/sessions/:id",
      auth: "chat",
      limit: "client",
      maxBody: 0,
      handler: sessions.getSession(api),
    },
    {
      method: "DELETE",
      path: "/api/sessions/:id",
      auth: "chat",
      limit: "client",
      maxBody: 0,
      handler: sessions.deleteSession(api),
    },

    { method: "GET", path: "/api/events", auth: "owner", limit: "client", maxBody: 0, handler: events.listEvents(api) },
    {
      method: "GET",
      path: "/api/events/:id",
      auth: "owner",
      limit: "client",
      maxBody: 0,
      handler: events.getEvent(api),
    },
    {
      method: "GET",
      path: "/api/events/:id/body",
      auth: "owner",
      limit: "client",
      maxBody: 0,
      handler: events.getEventBody(api),
    },
    {
      method: "POST",
      path: "/api/events/:id/replay",
      auth: "owner",
      limit: "client",
      maxBody: 0,
      handler: replayEvent(api),
    },
    {
      method: "POST",
      path: "/api/events/replay",
      auth: "owner",
      limit: "client",
      maxBody: body,
      handler: replayEvents(api),
    },
    {
      method: "POST",
      path: "/api/events/purge",
      auth: "owner",
      limit: "client",
      maxBody: body,
      handler: purgeEvents(api),
    },
    { method: "GET", path: "/api/refusals", auth: "owner", limit: "client", maxBody: 0, handler: listRefusals(api) },
    { method: "GET", path: "/api/sources", auth: "owner", limit: "client", maxBody: 0, handler: listSources(api) },
    {
      method: "POST",
      path: "/api/sources/:source/test",
      auth: "owner",
      limit: "client",
      maxBody: body,
      handler: testSource(api),
    },
    { method: "GET", path: "/api/stream", auth: "owner", limit: "client", maxBody: 0, handler: stream(api) },
    { method: "GET", path: "/api/history", auth: "owner", limit: "client", maxBody: 0, handler: history(api) },
    { method: "GET", path: "/api/config", auth: "owner", limit: "client", maxBody: 0, handler: config(api) },
    { method: "GET", path: "/metrics", auth: "owner", limit: "client", maxBody: 0, handler: metricsText(api) },
    {
      method: "GET",
      path: "/api/devices",
      auth: "owner",
      limit: "client",
      maxBody: 0,
      handler: devices.listDevices(api),
    },
    {
      method: "PATCH",
      path: "/api/devices/:id",
      auth: "owner",
      limit: "client",
      maxBody: body,
      handler: devices.renameDevice(api),
    },
    // Any token may remove itself; the handler refuses it the others.
    {
      method: "DELETE",
      path: "/api/devices/:id",
      auth: "ingest",
      limit: "client",
      maxBody: 0,
      handler: devices.deleteDevice(api),
    },
    {
      method: "POST",
      path: "/api/paircodes",
      auth: "owner",
      limit: "client",
      maxBody: body,
      handler: devices.createPaircode(api),
    },

    {
      method: "GET",
      path: "/local/paircode",
      auth: "local",
      limit: "none",
      maxBody: 0,
      handler: devices.currentPaircode(api),
    },
    {
      method: "POST",
      path: "/local/paircode",
      auth: "local",
      limit: "none",
      maxBody: body,
      handler: devices.renewPaircode(api),
    },
  ];
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
