export interface Pattern {
  readonly method: string;
  /** Literal, or with `:name` for one segment: `/api/events/:id/body`. */
  readonly path: string;
}

export type Match<R extends Pattern> =
  | { readonly found: "route"; readonly route: R; readonly params: Readonly<Record<string, string>> }
  | { readonly found: "other_method"; readonly methods: readonly string[] }
  | { readonly found: "nothing" };

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

interface Resource<R> {
  readonly segments: readonly string[];
  readonly byMethod: Map<string, R>;
}

/** Finds a route by method and raw path. Nothing is decoded before matching, so a path has one meaning only. */
export class Router<R extends Pattern> {
  readonly #literal = new Map<string, Resource<R>>();
  readonly #patterns: Resource<R>[] = [];

  constructor(routes: readonly R[]) {
    for (const route of routes) this.#add(route);
  }

  match(method: string, path: string): Match<R> {
    const literal = this.#literal.get(path);
    if (literal) return pick(literal, method, NO_PARAMS);
    const segments = path.split("/");
    for (const resource of this.#patterns) {
      const params = matchSegments(resource.segments, segments);
      if (params) return pick(resource, method, params);
    }
    return { found: "nothing" };
  }

  #add(route: R): void {
    const isPattern = route.path.includes("/:");
    const known = isPattern
      ? this.#patterns.find((resource) => resource.segments.join("/") === route.path)
      : this.#literal.get(route.path);
    const resource = known ?? { segments: route.path.split("/"), byMethod: new Map<string, R>() };
    if (resource.byMethod.has(route.method)) throw new Error(`Two routes for ${route.method} ${route.path}`);
    resource.byMethod.set(route.method, route);
    if (known) return;
    if (isPattern) this.#patterns.push(resource);
    else this.#literal.set(route.path, resource);
  }
}

function pick<R extends Pattern>(
  resource: Resource<R>,
  method: string,
  params: Readonly<Record<string, string>>,
): Match<R> {
  const route = resource.byMethod.get(method) ?? (method === "HEAD" ? resource.byMethod.get("GET") : undefined);
  if (route) return { found: "route", route, params };
  const methods = [...resource.byMethod.keys()];
  if (methods.includes("GET")) methods.push("HEAD");
  return { found: "other_method", methods: [...methods, "OPTIONS"] };
}

function matchSegments(pattern: readonly string[], path: readonly string[]): Record<string, string> | null {
  if (pattern.length !== path.length) return null;
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const given = path[i]!;
    if (!expected.startsWith(":")) {
      if (expected !== given) return null;
      continue;
    }
    const value = decodeSegment(given);
    if (!value) return null;
    params[expected.slice(1)] = value;
  }
  return params;
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
