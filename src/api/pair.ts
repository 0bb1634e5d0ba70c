import { json } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import { isObject } from "../lib/json.ts";
import { Problem } from "../protocol/problem.ts";
import { type Context, type Handler, valueAs } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** POST /pair: a code, in the header or the body, for a token. The token is saved before it is given out. */
export function pair({ pairing }: Pick<ApiParts, "pairing">): Handler {
  return async (context) => {
    const { code, deviceName } = await codeOf(context);
    const { token, device } = await pairing.pair({ code, client: context.client, deviceName });
    return json({
      paired: true,
      persisted: true,
      token,
      device_id: device.device_id,
      scope: device.scope,
      message: "Save this token: it is shown once. Send it as Authorization: Bearer <token>.",
    });
  };
}

async function codeOf(context: Context): Promise<{ code: string; deviceName: string | undefined }> {
  const header = context.request.headers.get("x-pairing-code");
  const bytes = await context.body();
  if (bytes.length === 0) {
    if (header !== null) return { code: header, deviceName: undefined };
    throw new Problem("bad_field", {
      detail: 'No pairing code was sent. Send it in the header X-Pairing-Code, or as JSON {"code": "WXYZ-1234-ABCD"}.',
    });
  }
  const sent = jsonOf(bytes);
  const value = header !== null && isObject(sent) ? { code: header, ...sent } : sent;
  const { code, device_name } = valueAs(value, "pair_request");
  return { code: header ?? code, deviceName: device_name };
}
