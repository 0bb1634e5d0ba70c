import type { LocalClient } from "./local-client.ts";
import { type Row, rowsOf } from "./rows.ts";

const PAGE = 100;

export interface Listed {
  readonly rows: readonly Row[];
  /** Where it goes on; null when that was all. */
  readonly next: string | null;
}

/** A list that the API gives in pages: `field` of the answers of `path`, newest first, at most `limit`. */
export async function readPages(
  client: LocalClient,
  { path, field, doing }: { readonly path: string; readonly field: string; readonly doing: string },
  filter: URLSearchParams,
  limit: number,
): Promise<Listed> {
  const query = new URLSearchParams(filter);
  const rows: Row[] = [];
  let next: string | null = null;
  do {
    query.set("limit", String(Math.min(PAGE, limit - rows.length)));
    if (next !== null) query.set("after", next);
    const page = await client.ask({ path: `${path}?${query}`, doing });
    const found = rowsOf(page[field]);
    rows.push(...found);
    // An empty page with a `next` would otherwise be asked for again for ever.
    next = found.length > 0 && typeof page["next"] === "string" ? page["next"] : null;
  } while (next !== null && rows.length < limit);
  return { rows, next };
}
