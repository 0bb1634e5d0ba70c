import { clean, cut } from "../../lib/plain-text.ts";
import type { EventRow, StoredEvent } from "../../protocol/event.ts";
import { eventRow } from "../../protocol/rows.ts";
import type { ToolResult } from "./tools.ts";

/** Bytes of a result. */
export const MAX_RESULT = 32_768;
/** What a list leaves free for what is said about it. */
const ROOM = 1_024;
const MAX_REFUSAL = 2_000;

/** Compact JSON. */
export function told(value: object): ToolResult {
  return { text: JSON.stringify(value), failed: false };
}

/** It was not done; `text` says what to do instead. */
export function refused(text: string): ToolResult {
  return { text: cut(clean(text), MAX_REFUSAL), failed: true };
}

/**
 * As many of `rows` as fit, under `name`. `left_out` says what is missing: what did not fit, and with `more` what was not
 * even asked for. A row is at most 30 KB.
 */
export function listed(name: string, rows: readonly object[], more: boolean, narrow: string): ToolResult {
  let bytes = 0;
  const shown: object[] = [];
  for (const row of rows) {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    if (bytes > MAX_RESULT - ROOM) break;
    shown.push(row);
  }
  const missing = rows.length - shown.length;
  if (missing === 0 && !more) return told({ [name]: shown });
  const fit = missing === 0 ? "" : `${missing} more did not fit. `;
  return told({ [name]: shown, left_out: `${fit}There are more: ${narrow}` });
}

/** Text for a model, without characters that nobody can see: instructions hide in them. */
export function shown(text: string, max: number): string {
  return cut(clean(text), max);
}

/** An event's row. `type`, `delivery_id` and `error` are, or repeat, what its sender wrote. */
export function eventFields(event: StoredEvent): EventRow {
  const row = eventRow(event);
  return {
    ...row,
    source: shown(row.source, 64),
    type: shown(row.type, 128),
    delivery_id: row.delivery_id === null ? null : shown(row.delivery_id, 128),
    ...(row.error === undefined ? {} : { error: shown(row.error, 500) }),
  };
}
