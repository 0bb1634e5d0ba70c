import { type Answer, json } from "../http/answer.ts";
import { jsonOf } from "../http/body.ts";
import { rfc3339 } from "../lib/time.ts";
import { Problem } from "../protocol/problem.ts";
import type { StoredDevice } from "../store/store.ts";
import { bodyAs, type Context, type Handler, notFound, principalOf, valueAs } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** GET /api/devices: who holds a token. */
export function listDevices({ devices }: Pick<ApiParts, "devices">): Handler {
  return (context) => {
    const { device_id } = principalOf(context);
    return json({ devices: devices.list().map((device) => deviceRow(device, device_id)) });
  };
}

/** PATCH /api/devices/{id}: another name. */
export function renameDevice({ devices }: Pick<ApiParts, "devices">): Handler {
  return async (context) => {
    const { name } = await bodyAs(context, "device_patch");
    const id = context.params["id"] ?? "";
    if (!(await devices.rename(id, name))) throw notFound("Cannot rename the device.");
    const device = devices.list().find(({ device_id }) => device_id === id);
    if (!device) throw notFound("Cannot rename the device.");
    return json(deviceRow(device, principalOf(context).device_id));
  };
}

/** DELETE /api/devices/{id}: its token is void at once and its sockets close. Every device may delete itself. */
export function deleteDevice({ devices }: Pick<ApiParts, "devices">): Handler {
  return async (context): Promise<Answer> => {
    const principal = principalOf(context);
    const id = context.params["id"] ?? "";
    if (principal.scope !== "owner" && principal.device_id !== id) {
      throw new Problem("forbidden_scope", {
        detail: 'A device may remove itself. To remove others, use a token with the scope "owner".',
      });
    }
    if (!(await devices.revoke(id))) throw notFound("Cannot remove the device.");
    return { status: 204, body: null };
  };
}

/** POST /api/paircodes: a code for one more device. */
export function createPaircode({ pairing }: Pick<ApiParts, "pairing">): Handler {
  return async (context) => json(mint(pairing, await optionalBody(context)));
}

/** GET /local/paircode, for `zeroclaw gateway get-paircode`: the code the gateway printed, while it is good, and the others. */
export function currentPaircode({ pairing }: Pick<ApiParts, "pairing">): Handler {
  return () => {
    const current = pairing.current();
    return json({
      code: current?.code ?? null,
      expires_at: current ? rfc3339(current.expires_at) : null,
      further: pairing.further().map((more) => ({ ...more, expires_at: rfc3339(more.expires_at) })),
    });
  };
}

/** POST /local/paircode: a new code and an end to all lockouts; nobody is logged out. */
export function renewPaircode({ pairing, lockouts }: Pick<ApiParts, "pairing" | "lockouts">): Handler {
  return async (context) => {
    const wanted = await optionalBody(context);
    await lockouts.clear();
    return json(mint(pairing, wanted));
  };
}

async function optionalBody(context: Context) {
  const bytes = await context.body();
  return bytes.length === 0 ? {} : valueAs(jsonOf(bytes), "paircode_request");
}

function mint(
  pairing: ApiParts["pairing"],
  wanted: { scope?: StoredDevice["scope"]; device_name?: string },
): { code: string; expires_at: string } {
  const plain = wanted.device_name === undefined && (wanted.scope ?? "owner") === "owner";
  const { code, expires_at } = plain
    ? pairing.renew()
    : pairing.mint({ scope: wanted.scope ?? "owner", device_name: wanted.device_name });
  return { code, expires_at: rfc3339(expires_at) };
}

/** A device as `/api/devices` and the `devices` topic show it. */
export function deviceRow(device: StoredDevice, currentId: string) {
  const { device_id, name, scope, created_at, last_seen_at, expires_at } = device;
  return {
    device_id,
    name,
    scope,
    created_at: rfc3339(created_at),
    last_seen_at: last_seen_at === null ? null : rfc3339(last_seen_at),
    ...(expires_at === null ? {} : { expires_at: rfc3339(expires_at) }),
    current: device_id === currentId,
  };
}
