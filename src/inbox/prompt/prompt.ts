import { compileTemplate, isTemplateError, renderTemplate, type Scope, type Template } from "../../lib/template.ts";
import { rfc3339 } from "../../lib/time.ts";
import type { EventWithBody } from "../../protocol/event.ts";
import { type Body, readBody } from "../summary/body.ts";
import { summarize } from "../summary/summarize.ts";
import { describeEvent } from "./built-in.ts";
import { Fence } from "./fence.ts";
import { Sheet } from "./sheet.ts";

/** The longest prompt, in UTF-16 units. */
export const MAX_PROMPT = 32_768;

/** The operator's words, as `[channels.<name>]` holds them. */
export interface PromptTemplates {
  /** For every event that `prompts` has nothing for. */
  readonly prompt?: string;
  /** By event type (`issues.opened`), or the beginning of one (`issues`). */
  readonly prompts?: Readonly<Record<string, string>>;
}

/**
 * What the agent is told about a stored delivery: one sentence about the marks, then the operator's template for its
 * type, or the gateway's own words. Every value of the delivery stands in marks with `nonce` (8 to 64 letters and digits
 * from a CSPRNG, new for every prompt) and cannot leave them. At most 32,768 UTF-16 units. Never throws for what is in a
 * delivery; a template that cannot be read, which the configuration does not let in, counts as none.
 */
export function promptFor(event: EventWithBody, templates: PromptTemplates, nonce: string): string {
  const fence = new Fence(nonce);
  const beginning = `${fence.meaning}\n\n`;
  const room = MAX_PROMPT - beginning.length;
  const body = readBody(event.content_type, event.body);
  const template = templateFor(event.type, templates);
  if (template !== null) return beginning + renderTemplate(template, scopeOf(event, body), fence, room);
  const sheet = new Sheet(fence, room);
  describeEvent(sheet, event, body);
  return beginning + sheet.toString();
}

/** The most specific one: of `a.b.c` that for `a.b.c`, else for `a.b`, else for `a`, else the general one. */
function templateFor(type: string, { prompt, prompts = {} }: PromptTemplates): Template | null {
  for (let name = type; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const template = Object.hasOwn(prompts, name) ? compiled(prompts[name]) : null;
    if (template !== null) return template;
  }
  return compiled(prompt);
}

function compiled(text: string | undefined): Template | null {
  if (text === undefined || text.trim() === "") return null;
  const template = compileTemplate(text);
  return isTemplateError(template) ? null : template;
}

function scopeOf(event: EventWithBody, body: Body): Scope {
  return {
    body: jsonOf(body),
    variables: {
      type: () => event.type,
      source: () => event.source,
      event_id: () => event.event_id,
      received_at: () => rfc3339(event.received_at),
      summary: () => summarize(event),
      body: () => textOf(event, body),
      headers: () => event.headers,
    },
  };
}

function jsonOf(body: Body): unknown {
  if (body.kind === "json") return body.value;
  return body.kind === "form" ? Object.fromEntries(body.fields) : undefined;
}

/** The body as it came; what is no text has none. */
function textOf(event: EventWithBody, body: Body): string {
  if (body.kind === "empty" || body.kind === "opaque") return "";
  return body.kind === "text" ? body.text : new TextDecoder().decode(event.body);
}
