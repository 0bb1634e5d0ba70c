import { isObject } from "../../lib/json.ts";
import { showFound } from "../../protocol/check.ts";
import { type Fields, unsupported } from "./fields.ts";

interface Rule {
  /** Its path, for the answer. */
  readonly param: string;
  /** Whether a request asks for it. */
  readonly asked: (body: Fields) => boolean;
  readonly why: string;
}

const JSON_WHY = "no shape can be promised for an answer. Ask for JSON in the message, and check what comes.";
const TOOL_WHY =
  'tools of the client\'s cannot be forced on the agent, which uses its own. Leave "tool_choice" out; "tools" are ignored.';

/** Asked for by both APIs. */
const SHARED: readonly Rule[] = [
  { param: "tool_choice", asked: (body) => isForced(body["tool_choice"]), why: TOOL_WHY },
  {
    param: "top_logprobs",
    asked: (body) => isAbove(body["top_logprobs"], 0),
    why: "an agent has no log probabilities.",
  },
];

const CHAT: readonly Rule[] = [
  ...SHARED,
  { param: "n", asked: (body) => isAbove(body["n"], 1), why: "one question gets one answer. Ask again for another." },
  { param: "logprobs", asked: (body) => body["logprobs"] === true, why: "an agent has no log probabilities." },
  { param: "function_call", asked: (body) => isObject(body["function_call"]), why: TOOL_WHY },
  { param: "response_format", asked: (body) => wantsJson(body["response_format"]), why: JSON_WHY },
  { param: "modalities", asked: (body) => includes(body["modalities"], "audio"), why: "answers are text." },
  { param: "audio", asked: (body) => isObject(body["audio"]), why: "answers are text." },
];

const NOT_KEPT = "nothing of an answer is kept under /v1.";
const RESPONSES: readonly Rule[] = [
  ...SHARED,
  ...["previous_response_id", "conversation"].map((param) => ({
    param,
    asked: (body: Fields) => isGiven(body[param]),
    why: `${NOT_KEPT} Send what was said before in "input", or name a session of the gateway's in the header X-Zeroclaw-Session, which keeps it.`,
  })),
  { param: "background", asked: (body) => body["background"] === true, why: `${NOT_KEPT} Wait for it, or stream it.` },
  {
    param: "prompt",
    asked: (body) => isGiven(body["prompt"]),
    why: "the gateway has no stored prompts. Send the text.",
  },
  {
    param: "text.format",
    asked: ({ text }) => isObject(text) && wantsJson(text["format"]),
    why: JSON_WHY,
  },
];

/** What a request asks for and would silently not get. @throws OpenAiProblem unsupported_parameter */
export function refuseUnsupported(body: Fields, api: "chat" | "responses"): void {
  for (const { param, asked, why } of api === "chat" ? CHAT : RESPONSES) {
    if (asked(body))
      throw unsupported(param, `"${param}" asks for what the agent cannot do (found ${found(body, param)}): ${why}`);
  }
}

function found(body: Fields, param: string): string {
  const value = param.split(".").reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), body);
  return isObject(value) && typeof value["type"] === "string" ? `type ${showFound(value["type"])}` : showFound(value);
}

/** `required`, one tool by name, or one of a list of them. */
function isForced(choice: unknown): boolean {
  if (!isObject(choice)) return choice === "required";
  const { type, mode } = choice;
  return type === "allowed_tools" ? mode === "required" : type !== "auto" && type !== "none";
}

function wantsJson(format: unknown): boolean {
  return isObject(format) && (format["type"] === "json_schema" || format["type"] === "json_object");
}

function isAbove(value: unknown, limit: number): boolean {
  return typeof value === "number" && value > limit;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function includes(list: unknown, value: string): boolean {
  return Array.isArray(list) && list.includes(value);
}
