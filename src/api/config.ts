import { json, text } from "../http/answer.ts";
import { rfc3339 } from "../lib/time.ts";
import { VERSION } from "../lib/version.ts";
import { type Handler, queryNumber } from "./context.ts";
import type { ApiParts } from "./parts.ts";

const WEEK_MINUTES = 7 * 24 * 60;

/** GET /api/config: effective settings, secrets redacted, and where each comes from. */
export function config({ settings }: Pick<ApiParts, "settings">): Handler {
  return () => json({ settings: settings() });
}

/** GET /metrics: Prometheus text format 0.0.4. */
export function metricsText({ metrics, status }: Pick<ApiParts, "metrics" | "status">): Handler {
  return async () => {
    await status(); // brings the inbox's gauges up to date
    return text(metrics.render(), 200, "text/plain; version=0.0.4; charset=utf-8");
  };
}

/** GET /api/history: one row a minute, oldest first; `?minutes=` says how far back (a day unless given). */
export function history({ store, clock }: Pick<ApiParts, "store" | "clock">): Handler {
  return async (context) => {
    const minutes = queryNumber(context, "minutes", 1_440, 1, WEEK_MINUTES);
    // `at` is where a minute begins: the one that ended that long ago began a minute before.
    const rows = await store.counters.since(clock.now() - (minutes + 1) * 60_000 + 1);
    return json({ history: rows.map((row) => ({ ...row, at: rfc3339(row.at) })) });
  };
}

/** GET /: says what this is to whoever looks. */
export function root(): Handler {
  const body = [
    `ZeroClaw Gateway ${VERSION}`,
    "",
    "Pair:  curl -X POST -H 'X-Pairing-Code: WXYZ-1234-ABCD' <this address>/pair",
    "Ask:   curl -H 'Authorization: Bearer <token>' -d '{\"message\":\"Hello\"}' <this address>/api/message",
    "Talk:  <this address>/ws (WebSocket)",
    "API:   <this address>/api/openapi.json",
    "",
  ].join("\n");
  return () => text(body);
}
