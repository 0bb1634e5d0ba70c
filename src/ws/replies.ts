import type { PermissionDecision } from "../agent/agent.ts";
import type { ErrorFrame } from "../protocol/frames.ts";
import type { Scope } from "../protocol/principal.ts";

/** Frames that answer a client's frame or question, besides those of runs (`protocol/frames.ts`). */
export type Reply =
  | { readonly type: "ready"; readonly device_id: string; readonly scope: Scope; readonly version: string }
  | { readonly type: "paired"; readonly token: string; readonly device_id: string; readonly scope: Scope }
  | { readonly type: "subscribed"; readonly topics: readonly string[] }
  | {
      readonly type: "permission_request";
      readonly request_id: string;
      readonly run_id: string;
      readonly session_id: string;
      readonly title: string;
      readonly options: readonly PermissionDecision[];
    }
  | {
      /** How a permission request ended, for all who were asked. */
      readonly type: "permission";
      readonly request_id: string;
      readonly run_id: string;
      readonly decision: PermissionDecision;
    }
  | { readonly type: "pong" }
  | ErrorFrame;

/** A frame's JSON with the `id` of the message that it is about as its last key. */
export function withId(json: string, id: string | undefined): string {
  return id === undefined ? json : `${json.slice(0, -1)},"id":${JSON.stringify(id)}}`;
}
