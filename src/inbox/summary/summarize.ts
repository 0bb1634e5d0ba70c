import type { EventWithBody } from "../../protocol/event.ts";
import { mediaType, readBody } from "./body.ts";
import { summarizeForm, summarizeJson } from "./generic.ts";
import { githubName, summarizeGithub } from "./github.ts";
import { humanBytes, oneLine } from "./plain.ts";
import { summarizeSlack } from "./slack.ts";
import { summarizeStripe } from "./stripe.ts";
import { summarizeTelegram } from "./telegram.ts";
import { summarizeWhatsapp } from "./whatsapp.ts";

/** Who recognises a JSON payload by its shape; the first that does writes the line. */
const RECOGNISED: readonly ((value: unknown, event: EventWithBody) => string | null)[] = [
  (value, event) => summarizeWhatsapp(value, event.delivery_id),
  summarizeSlack,
  summarizeStripe,
  summarizeTelegram,
  (value) => {
    const name = githubName(value);
    return name === null ? null : summarizeGithub(name, value);
  },
];

/**
 * One line about a delivery, for lists, search and the operator's answer: at most 200 characters, never empty, without
 * control and bidi characters. It is plain text of a stranger: whoever puts it into Markdown or HTML escapes it. The same
 * event gives the same line. Never throws.
 */
export function summarize(event: EventWithBody): string {
  const line = oneLine(lineOf(event));
  return line === "" ? aboutBytes(event) : line;
}

function lineOf(event: EventWithBody): string {
  const body = readBody(event.content_type, event.body);
  const github = event.headers["x-github-event"] ?? "";
  const name = /^[a-z0-9_]{1,64}$/.test(github) ? github : null;
  switch (body.kind) {
    case "json":
      if (name !== null) return summarizeGithub(name, body.value);
      return RECOGNISED.map((recognise) => recognise(body.value, event)).find(Boolean) ?? summarizeJson(body.value);
    case "form":
      return summarizeForm(body.fields);
    case "text":
      return body.text;
    case "empty":
      return name === null ? "An empty body" : `GitHub ${name} with an empty body`;
    case "opaque":
      return name === null ? aboutBytes(event) : `GitHub ${name}: ${aboutBytes(event)}`;
  }
}

function aboutBytes(event: EventWithBody): string {
  const type = mediaType(event.content_type);
  return `${humanBytes(event.body.length)} of ${/^[\w.+/-]{1,80}$/.test(type) ? type : "unknown type"}`;
}
