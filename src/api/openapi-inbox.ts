import { REFUSAL_REASONS } from "../protocol/refusal.ts";
import { type Details, operation, pathParameter, query, ref, type Schema } from "./openapi-build.ts";

const ID = pathParameter("id");
const SOURCE = pathParameter("source", "`github`, `whatsapp`, or the name of a table [channels.<name>]");
const SECRET = pathParameter("secret", "The secret of a source whose scheme is `path`");
const PAGE = [query("limit"), query("after")];
const SINCE = query("since", "A time, or a duration back from now such as 24h");

/** The sender's own signature is looked at, no token. */
const SIGNED = { security: [] };

/** What a provider sends, and the verification that some ask for before: the same at every address of a source. */
function deliveries(name: string, what: string, parameters: Details["parameters"] = []): Schema {
  return {
    post: operation(`deliver${name}`, `A signed delivery of ${what}`, {
      ...SIGNED,
      parameters,
      rawBody: true,
      200: ref("delivery"),
      text: true,
      xml: true,
      202: ref("delivery"),
    }),
    get: operation(`verify${name}`, `The verification that a provider asks for before it delivers: ${what}`, {
      ...SIGNED,
      parameters,
      text: true,
    }),
  };
}

/** What comes in from outside, what became of it, and what was not taken. */
export const INBOX_PATHS: Schema = {
  "/webhook/{source}": deliveries("", "a configured source", [SOURCE]),
  "/webhook/{source}/{secret}": deliveries("WithSecret", "a source that can set no header", [SOURCE, SECRET]),
  "/github": deliveries("GitHub", "GitHub, as /webhook/github"),
  "/whatsapp": deliveries("WhatsApp", "WhatsApp, as /webhook/whatsapp"),
  "/api/events": {
    get: operation("listEvents", "The inbox, newest first", {
      parameters: [
        ...[query("source"), query("state"), query("q", "Words that must occur in the text"), SINCE],
        query("id", "The beginning of an event's id"),
        ...PAGE,
      ],
      200: ref("events"),
    }),
  },
  "/api/events/{id}": {
    get: operation("getEvent", "One event, whole", { parameters: [ID], 200: ref("event_detail") }),
  },
  "/api/events/{id}/body": {
    get: operation("getEventBody", "The bytes as they came", { parameters: [ID], bytes: true }),
  },
  "/api/events/{id}/replay": {
    post: operation("replayEvent", "Take an event up again as if it had just come", {
      parameters: [ID],
      202: ref("replaying"),
    }),
  },
  "/api/events/replay": {
    post: operation("replayEvents", "Take up again all that are dead, or done", {
      body: ref("replay_request"),
      202: ref("replaying_many"),
    }),
  },
  "/api/events/purge": {
    post: operation("purgeEvents", "Delete bytes, headers and search text of ended events; old ones altogether", {
      body: ref("purge_request"),
      200: ref("purged"),
    }),
  },
  "/api/refusals": {
    get: operation("listRefusals", "Deliveries that were not taken and why, newest first", {
      parameters: [
        query("source"),
        query("reason", `One of ${REFUSAL_REASONS.join(", ")}`),
        query("request_id", "As the answer's X-Request-Id had it"),
        SINCE,
        ...PAGE,
      ],
      200: ref("refusals"),
    }),
  },
  "/api/sources": {
    get: operation("listSources", "The configured sources and whether they work", { 200: ref("sources") }),
  },
  "/api/sources/{source}/test": {
    post: operation("testSource", "Send a signed example delivery to a source", {
      parameters: [SOURCE],
      body: ref("source_test"),
      optionalBody: true,
      200: ref("source_tested"),
    }),
  },
};
