import { clean, cut } from "../lib/plain-text.ts";

/** What the sender called a delivery; a stranger's words, because nothing is verified yet. */
export interface Label {
  readonly delivery_id: string | null;
  readonly event: string | null;
}

const MAX_ID = 255;
const MAX_EVENT = 128;

export function labelOf(id: string | null, event: string | null): Label {
  return { delivery_id: shown(id, MAX_ID), event: shown(event, MAX_EVENT) };
}

/** Of senders whose headers do not tell deliveries apart. */
export function noLabel(): Label {
  return { delivery_id: null, event: null };
}

/** On one line, without what cannot be seen: it goes into logs and onto terminals. */
function shown(value: string | null, max: number): string | null {
  const line = cut(
    clean(value ?? "")
      .replace(/\s+/g, " ")
      .trim(),
    max,
  );
  return line === "" ? null : line;
}
