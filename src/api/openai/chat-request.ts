import { isObject } from "../../lib/json.ts";
import { showFound } from "../../protocol/check.ts";
import { calledText, contentText, resultText } from "./content.ts";
import { type Question, questionOf, requireFew, type Said } from "./conversation.ts";
import { badField, type Fields, flagAt, objectAt, textAt } from "./fields.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** What of a request to /v1/chat/completions is heeded. */
export interface ChatRequest {
  readonly model: string | null;
  readonly question: Question;
  readonly stream: boolean;
  /** A streamed answer ends with what it used. */
  readonly includeUsage: boolean;
}

/** `now`: milliseconds since the epoch. @throws OpenAiProblem */
export function readChat(value: unknown, now: number): ChatRequest {
  const body = objectAt(value, "");
  const model = textAt(body, "model");
  const stream = flagAt(body, "stream");
  const { stream_options: options } = body;
  const includeUsage =
    options !== undefined && options !== null
      ? flagAt(objectAt(options, "stream_options"), "include_usage", "stream_options.include_usage")
      : false;
  refuseUnsupported(body, "chat");
  const { messages } = body;
  if (!Array.isArray(messages)) {
    const elsewhere = messages === undefined && body["input"] !== undefined;
    const hint = elsewhere ? ' A body with "input" belongs to /v1/responses.' : "";
    throw badField("messages", `"messages" must be a list of messages (found ${showFound(messages)}).${hint}`);
  }
  requireFew(messages, "messages");
  const said = messages.map((message, i) => saidIn(objectAt(message, `messages[${i}]`), `messages[${i}]`));
  return { model: model || null, question: questionOf(said, "messages", now), stream, includeUsage };
}

const ROLES: ReadonlyMap<unknown, Said["role"]> = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["assistant", "assistant"],
  ["tool", "tool"],
  ["function", "tool"],
]);

function saidIn(message: Fields, param: string): Said {
  const role = ROLES.get(message["role"]);
  if (role === undefined) {
    throw badField(
      `${param}.role`,
      `"${param}.role" must be "system", "developer", "user", "assistant" or "tool" (found ${showFound(message["role"])}).`,
    );
  }
  const text = contentText(message["content"], `${param}.content`);
  if (role === "tool") return { role, content: resultText(message["tool_call_id"] ?? message["name"], text) };
  if (role === "assistant")
    return { role, content: [text, ...callsIn(message)].filter((part) => part !== "").join("\n") };
  return { role, content: text };
}

/** What an assistant called, in a conversation that another model began. */
function callsIn({ tool_calls: calls }: Fields): readonly string[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call: unknown) => {
    const called = isObject(call) && isObject(call["function"]) ? call["function"] : {};
    return calledText(called["name"], called["arguments"]);
  });
}
