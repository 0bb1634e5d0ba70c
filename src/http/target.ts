/** The path and query of a request, without the cost of a URL object. */
export interface Target {
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
}

/** Splits what Bun gives as `request.url`. Null where the request named no usable host (Bun then gives a bare path). */
export function parseTarget(url: string): Target | null {
  const scheme = url.startsWith("http://") ? 7 : url.startsWith("https://") ? 8 : -1;
  if (scheme < 0) return null;
  const slash = url.indexOf("/", scheme);
  if (slash < 0) return { path: "/", query: "" };
  const question = url.indexOf("?", slash);
  if (question < 0) return { path: url.slice(slash), query: "" };
  return { path: url.slice(slash, question), query: url.slice(question + 1) };
}
