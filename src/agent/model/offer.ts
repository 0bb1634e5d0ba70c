import type { ToolSet } from "ai";
import { cut } from "../../lib/plain-text.ts";
import type { Log } from "../../observe/log.ts";
import type { ToolResult, Tools } from "../tools/tools.ts";
import type { Sdk } from "./sdk.ts";

/** Answers to one question may look at this much, however many calls a step makes. */
const MAX_CALLS = 64;

/** The gateway's tools as the SDK takes them. None of them throws, but when `signal` aborts: the model reads what went wrong. */
export function offer(tools: Tools, { tool, jsonSchema }: Sdk, log: Log, signal: AbortSignal): ToolSet {
  let calls = 0;
  const use = async (name: string, input: unknown): Promise<ToolResult> => {
    calls += 1;
    if (calls > MAX_CALLS)
      return failed(`${MAX_CALLS} tools were used for this answer already. Answer with what you have.`);
    try {
      return await tools.call(name, input, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      log.warn("A tool could not be used", { tool: name, error: cut(String(error), 300) });
      return failed(`"${name}" cannot be used now. Say so, and do without it.`);
    }
  };
  const set: ToolSet = {};
  for (const { name, about, schema } of tools.specs) {
    set[name] = tool({
      description: about,
      inputSchema: jsonSchema<unknown>(schema),
      execute: (input: unknown) => use(name, input),
      toModelOutput: ({ output }: { output: ToolResult }) => ({
        type: output.failed ? "error-text" : "text",
        value: output.text,
      }),
    });
  }
  return set;
}

function failed(text: string): ToolResult {
  return { text, failed: true };
}
