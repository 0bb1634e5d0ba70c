// A request writes the same moment four times, and under load many share one millisecond: each new text costs 0.3 µs.
let latestMs = Number.NaN;
let latestText = "";

/** RFC 3339 in UTC with milliseconds: `2026-11-22T14:05:09.120Z`. */
export function rfc3339(ms: number): string {
  if (ms === latestMs) return latestText;
  latestText = new Date(ms).toISOString();
  latestMs = ms;
  return latestText;
}

const DURATION = /^(\d{1,9})\s*(ms|s|m|h|d|w)$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `"90s"`, `"15m"`, `"24h"`, `"7d"` in milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]; // the pattern allows only these units
}

/** A point in time given as RFC 3339 or as a duration back from `nowMs` (`24h`); null for anything else. */
export function parseSince(text: string, nowMs: number): number | null {
  const back = parseDuration(text);
  if (back !== null) return nowMs - back;
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** `45s`, `3m 20s`, `2h 5m`, `4d 3h`: the two largest units, for people. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes}m`, seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return withRest(`${hours}h`, minutes % 60, "m");
  return withRest(`${Math.floor(hours / 24)}d`, hours % 24, "h");
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest}${unit}`;
}
