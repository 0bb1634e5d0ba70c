/** A point in time that somebody typed, and what they typed after it. */
export type When =
  | { readonly ok: true; readonly at: number; readonly rest: string }
  /** `unknown`: not a time; `past`: it is over; `far`: more than ten years away. */
  | { readonly ok: false; readonly problem: "unknown" | "past" | "far" };

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

// Days that may pass between a wish and its time; Temporal's own calendar is not needed for a bound.
const MAX_AHEAD_MS = 3_653 * UNIT_MS.d;

const PART = /^(\d{1,9}|an?(?= ))\s*(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhdw])(?![a-z])/i;
const TIME = String.raw`(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([ap])\.?m\.?)?|(\d{1,2})\s*([ap])\.?m\.?`;
const END = String.raw`(?=[\s,]|$)`;
const DATE_TIME = new RegExp(
  String.raw`^(?:on\s+)?(\d{4}-\d{2}-\d{2})(?:(?:T|\s+(?:at\s+)?)(?:${TIME})(?:\.\d{1,9})?\s*(Z|UTC|[+-]\d{2}:\d{2})?)?${END}`,
  "i",
);
const DAY_TIME = new RegExp(String.raw`^(today|tomorrow)(?:\s+(?:at\s+)?(?:${TIME}))?${END}`, "i");
const TIME_DAY = new RegExp(String.raw`^(?:at\s+)?(?:${TIME})(?:\s+(today|tomorrow))?${END}`, "i");

/** What a day without a time means. */
const MORNING = { hour: 9, minute: 0, second: 0 } as const;

/**
 * Reads a time at the beginning of `text`: `10m`, `2h30m`, `in 45 minutes`, `in an hour`, `at 17:30`, `5pm`, `tomorrow`,
 * `tomorrow 9:00`, `2026-12-01`, `2026-12-01 09:00`, `2026-12-01T09:00:00Z`. Clock times are those of `zone` (IANA); one
 * that is over today is tomorrow's; a day without a time is its 09:00. A time that the clocks skip is as much later, of
 * one that comes twice it is the first. @throws RangeError when `zone` is no time zone.
 */
export function parseWhen(text: string, now: number, zone = "UTC"): When {
  const line = text.trimStart();
  const found = duration(line, now) ?? calendar(line, now, zone);
  if (!found) return { ok: false, problem: "unknown" };
  if (found.at <= now) return { ok: false, problem: "past" };
  if (found.at - now > MAX_AHEAD_MS) return { ok: false, problem: "far" };
  return { ok: true, at: found.at, rest: line.slice(found.length).replace(/^,?\s+|^,$/, "") };
}

interface Found {
  readonly at: number;
  /** How much of the text the time took. */
  readonly length: number;
}

/** `2h30m`, `2h 30m`, `in 2 hours and 30 minutes`. Units go from large to small, so that `10m 5 minutes of rest` is ten. */
function duration(line: string, now: number): Found | null {
  const [lead = ""] = /^in\s+/i.exec(line) ?? [];
  let length = lead.length;
  let total = 0;
  let last = { ms: Number.POSITIVE_INFINITY, short: true };
  for (;;) {
    const first = length === lead.length;
    const [gap = ""] = first ? [] : (/^(?:\s*,?\s+(?:and\s+)?)?/i.exec(line.slice(length)) ?? []);
    const part = PART.exec(line.slice(length + gap.length));
    if (!part) break;
    const [all, amount = "", unit = ""] = part;
    const short = unit.length === 1;
    const ms = UNIT_MS[unit.charAt(0).toLowerCase() as keyof typeof UNIT_MS]; // the pattern allows only these letters
    const article = !/^\d/.test(amount);
    if (ms >= last.ms || (article && (lead === "" || !first)) || (!first && short !== last.short)) break;
    total += (article ? 1 : Number(amount)) * ms;
    last = { ms, short };
    length += gap.length + all.length;
  }
  if (last.ms === Number.POSITIVE_INFINITY || !/^(?:[\s,]|$)/.test(line.slice(length))) return null;
  return { at: now + total, length };
}

function calendar(line: string, now: number, zone: string): Found | null {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();
  try {
    return onDate(line, zone) ?? onDay(line, today, zone) ?? atTime(line, today, now, zone);
  } catch (error) {
    if (error instanceof RangeError) return null; // 2026-02-30, 25:00
    throw error;
  }
}

function onDate(line: string, zone: string): Found | null {
  const match = DATE_TIME.exec(line);
  if (!match) return null;
  const date = Temporal.PlainDate.from(match[1] ?? "", { overflow: "reject" });
  const offset = match[8];
  const at = offset === undefined ? zone : /^[+-]/.test(offset) ? offset : "UTC";
  return { at: epoch(date, timeOf(match, 2) ?? MORNING, at), length: match[0].length };
}

function onDay(line: string, today: Temporal.PlainDate, zone: string): Found | null {
  const match = DAY_TIME.exec(line);
  if (!match) return null;
  const time = timeOf(match, 2);
  const tomorrow = match[1]?.toLowerCase() === "tomorrow";
  if (!time && !tomorrow) return null; // "today" alone says nothing
  return { at: epoch(tomorrow ? today.add({ days: 1 }) : today, time ?? MORNING, zone), length: match[0].length };
}

function atTime(line: string, today: Temporal.PlainDate, now: number, zone: string): Found | null {
  const match = TIME_DAY.exec(line);
  const time = match && timeOf(match, 1);
  if (!time) return null;
  const { length } = match[0];
  const day = match[7]?.toLowerCase();
  const at = epoch(day === "tomorrow" ? today.add({ days: 1 }) : today, time, zone);
  // What is over today and was not called today is meant for tomorrow.
  return { at: at <= now && day === undefined ? epoch(today.add({ days: 1 }), time, zone) : at, length };
}

interface Time {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The six groups of TIME from `first` on; null when no time was given. @throws RangeError for 25:00, 13pm. */
function timeOf(match: RegExpExecArray, first: number): Time | null {
  const [hours, minutes, seconds, half, bareHours, bareHalf] = match.slice(first, first + 6);
  const hourText = hours ?? bareHours;
  if (hourText === undefined) return null;
  const hour = Number(hourText);
  const halfOfDay = (half ?? bareHalf)?.toLowerCase();
  if (halfOfDay !== undefined && (hour < 1 || hour > 12)) throw new RangeError(`There is no "${hour} ${halfOfDay}m"`);
  const shift = halfOfDay === undefined ? 0 : halfOfDay === "p" ? (hour === 12 ? 0 : 12) : hour === 12 ? -12 : 0;
  return { hour: hour + shift, minute: Number(minutes ?? 0), second: Number(seconds ?? 0) };
}

function epoch(date: Temporal.PlainDate, time: Time, zone: string): number {
  const plainTime = Temporal.PlainTime.from(time, { overflow: "reject" });
  return date.toZonedDateTime({ timeZone: zone, plainTime }).epochMilliseconds;
}
