import { parseSince, rfc3339 } from "../lib/time.ts";
import type { Context } from "./command.ts";

/** The value of an option that is a time or a duration back from now, as RFC 3339. @throws UsageError */
export function timeOption({ args, clock }: Context, long: string): string | undefined {
  const text = args.value(long);
  if (text === undefined) return undefined;
  const at = parseSince(text, clock.now());
  if (at === null) throw args.wrong(long, "is not a time", "Use 24h, 7d or 2026-11-22T14:05:00Z");
  return rfc3339(at);
}
