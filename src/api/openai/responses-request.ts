import { showFound } from "../../protocol/check.ts";
import { calledText, contentText, resultText } from "./content.ts";
import { type Question, questionOf, requireFew, type Said } from "./conversation.ts";
import { OpenAiProblem } from "./errors.ts";
import { badField, type Fields, flagAt, objectAt, textAt } from "./fields.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** What of a request to /v1/responses is heeded. */
export interface ResponsesRequest {
  readonly model: string | null;
  readonly question: Question;
  /** The field of that name, for the answer. */
  readonly instructions: string | null;
  readonly stream: boolean;
}

/** `now`: milliseconds since the epoch. @throws OpenAiProblem */
export function readResponses(value: unknown, now: number): ResponsesRequest {
  const body = objectAt(value, "");
  const model = textAt(body, "model");
  const stream = flagAt(body, "stream");
  const instructions = textAt(body, "instructions");
  refuseUnsupported(body, "responses");
  const said = saidIn(body["input"]);
  const all = instructions === null ? said : [{ role: "system", content: instructions } as const, ...said];
  return { model: model || null, question: questionOf(all, "input", now), instructions, stream };
}

function saidIn(input: unknown): readonly Said[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (!Array.isArray(input)) {
    throw badField("input", `"input" must be a string or a list of items (found ${showFound(input)}).`);
  }
  requireFew(input, "input");
  return input.flatMap((item, i) => saidByItem(objectAt(item, `input[${i}]`), `input[${i}]`));
}

function saidByItem(item: Fields, param: string): readonly Said[] {
  const type = item["type"] ?? "message"; // a message may leave it out
  switch (type) {
    case "message":
      return [{ role: roleOf(item["role"], param), content: contentText(item["content"], `${param}.content`) }];
    case "function_call":
      return [{ role: "assistant", content: calledText(item["name"], item["arguments"]) }];
    case "function_call_output":
      return [{ role: "tool", content: resultText(item["call_id"], contentText(item["output"], `${param}.output`)) }];
    case "reasoning":
      return []; // another model's, and not meant for this one
    case "item_reference":
      throw new OpenAiProblem("bad_field", {
        param,
        openaiCode: "unsupported_content",
        detail: `"${param}" refers to an item of an earlier answer, and nothing of those is kept. Send the item itself: clients do so when they are told to store nothing ("store": false).`,
      });
    default:
      throw new OpenAiProblem("bad_field", {
        param: `${param}.type`,
        openaiCode: "unsupported_content",
        detail: `"${param}" is of the type ${showFound(type)}. The agent takes messages, function calls and their output.`,
      });
  }
}

const ROLES: ReadonlyMap<unknown, Said["role"]> = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["assistant", "assistant"],
]);

function roleOf(value: unknown, param: string): Said["role"] {
  const role = ROLES.get(value);
  if (role !== undefined) return role;
  throw badField(
    `${param}.role`,
    `"${param}.role" must be "system", "developer", "user" or "assistant" (found ${showFound(value)}).`,
  );
}
