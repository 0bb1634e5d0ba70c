import { humanDuration } from "../../lib/time.ts";

/** `5m ago`, `in 2h 30m`, `now`. */
export function relative(at: number, now: number): string {
  if (Math.abs(now - at) < 1_000) return "now";
  return at < now ? `${humanDuration(now - at)} ago` : `in ${humanDuration(at - now)}`;
}

/** `2026-12-01 09:00 UTC`. */
export function absolute(at: number, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime();
  return `${local.toString({ smallestUnit: "minute" }).replace("T", " ")} ${zone}`;
}

/** `1 event`, `12,345 events`. */
export function count(n: number, noun: string): string {
  return `${grouped(n)} ${n === 1 ? noun : `${noun}s`}`;
}

/** `12,345`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A Markdown table whose columns line up as plain text too. Cells are Markdown already, but for `|`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => Bun.stringWidth(row[column] ?? ""))));
  const line = (row: readonly string[]) => `| ${widths.map((width, i) => pad(row[i] ?? "", width)).join(" | ")} |`;
  const [first, ...others] = all.map(line);
  return [first, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...others].join("\n");
}

// A UUIDv7 begins with the time to the millisecond; what follows tells those of the same millisecond apart.
const LENGTHS = [13, 18, 23] as const;

/** For each id its shortest beginning, of 13 characters or more, that no other of `ids` has. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  const distinct = new Set(ids);
  const length = LENGTHS.find((n) => new Set([...distinct].map((id) => id.slice(0, n))).size === distinct.size);
  return (id) => id.slice(0, length);
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(width - Bun.stringWidth(cell));
}
