import { json } from "../../http/answer.ts";
import { showFound } from "../../protocol/check.ts";
import type { Handler } from "../context.ts";
import type { ApiParts } from "../parts.ts";
import { OpenAiProblem } from "./errors.ts";

/** Whoever answers, whatever is configured. */
const ANY = "zeroclaw";

type ModelParts = Pick<ApiParts, "agent" | "clock">;

/** GET /v1/models: what may stand in `model`. Clients try a connection with it. */
export function listModels({ agent, clock }: ModelParts): Handler {
  return () => json({ object: "list", data: offered(agent).map((id) => modelRow(id, clock)) });
}

/** GET /v1/models/{id} */
export function getModel({ agent, clock }: ModelParts): Handler {
  return ({ params }) => {
    const id = params["id"] ?? "";
    requireModel(id, agent);
    return json(modelRow(id, clock));
  };
}

/**
 * Takes `zeroclaw`, `zeroclaw:<kind>` for the kind of agent that answers now, and the name that answers carry, because
 * clients send that back. Other names are refused: whoever asks for another model must not be answered by this one unawares.
 * @throws OpenAiProblem model_not_found
 */
export function requireModel(wanted: string, agent: ModelParts["agent"]): void {
  if (wanted === agent.model || offered(agent).includes(wanted)) return;
  const list = offered(agent).map((id) => `"${id}"`);
  throw new OpenAiProblem("not_found", {
    param: "model",
    openaiCode: "model_not_found",
    detail: `The model ${showFound(wanted)} does not exist here. Use ${list.join(" or ")}: what answers is set in the gateway's configuration, under [agent].`,
  });
}

function offered({ kind }: ModelParts["agent"]): readonly string[] {
  return [ANY, `${ANY}:${kind}`];
}

/** A model is as old as the process: `created` is required, and nothing else is known of it. */
function modelRow(id: string, clock: ModelParts["clock"]) {
  const created = Math.floor((clock.now() - clock.monotonic()) / 1_000);
  return { id, object: "model", created, owned_by: "zeroclaw" };
}
