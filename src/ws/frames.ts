import { isObject } from "../lib/json.ts";
import { checkShape } from "../protocol/check.ts";
import { Problem } from "../protocol/problem.ts";
import type { Shape, ShapeName } from "../protocol/shapes.ts";

const SHAPE_OF = {
  message: "frame_message",
  auth: "frame_auth",
  pair: "frame_pair",
  resume: "frame_resume",
  cancel: "frame_cancel",
  subscribe: "frame_topics",
  unsubscribe: "frame_topics",
  permission: "frame_permission",
  ping: "frame_ping",
} as const satisfies Record<string, ShapeName>;

type FrameType = keyof typeof SHAPE_OF;

/** A frame of the given type as clients send it (contract §4). */
export type FrameOf<T extends FrameType> = { readonly type: T } & Readonly<Shape<(typeof SHAPE_OF)[T]>>;
export type ClientFrame = { [T in FrameType]: FrameOf<T> }[FrameType];

export type ParsedFrame =
  | { readonly ok: true; readonly frame: ClientFrame }
  | {
      readonly ok: false;
      readonly problem: Problem;
      /** The frame's `id`, where one could be found, so that the client knows which frame was refused. */
      readonly id: string | undefined;
    };

const MAX_ID = 255;

/** What a client sent, as a frame of a known type and shape; or why it is none. Never throws. */
export function parseFrame(raw: string | Uint8Array): ParsedFrame {
  if (typeof raw !== "string") return refused("bad_request", "Frames are JSON text; this one was binary.");
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return refused("bad_json", 'The frame is not valid JSON. Send an object such as {"type": "ping"}.');
  }
  if (!isObject(value)) return refused("bad_request", 'A frame is a JSON object with a "type".');
  const id = idOf(value);
  const type = Object.hasOwn(value, "type") ? value["type"] : undefined;
  if (!isFrameType(type)) return refused("bad_request", unknownType(type), id);
  const checked = checkShape(SHAPE_OF[type], value);
  if (!checked.ok) return refused("bad_field", `Cannot take the "${type}" frame: ${checked.detail}.`, id);
  const frame = value as ClientFrame; // its type is known, and its fields have just been checked
  return { ok: true, frame };
}

function isFrameType(type: unknown): type is FrameType {
  return typeof type === "string" && Object.hasOwn(SHAPE_OF, type);
}

function unknownType(type: unknown): string {
  const found = typeof type === "string" ? `the unknown type ${JSON.stringify(type.slice(0, 40))}` : "no type";
  return `The frame has ${found}. Known are ${Object.keys(SHAPE_OF).join(", ")}.`;
}

function idOf(value: Record<string, unknown>): string | undefined {
  const id = Object.hasOwn(value, "id") ? value["id"] : undefined;
  return typeof id === "string" && id.length > 0 && id.length <= MAX_ID ? id : undefined;
}

function refused(code: "bad_request" | "bad_json" | "bad_field", detail: string, id?: string): ParsedFrame {
  return { ok: false, problem: new Problem(code, { detail }), id };
}
