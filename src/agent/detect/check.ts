/** One thing that was looked at. */
export interface Check {
  /** `settings`, `server`, `key`, `model`, `program`, `folder`, `initialize`, `detection`. */
  readonly name: string;
  /** `unknown`: it could not be looked at, which is no fault by itself. */
  readonly state: "ok" | "failed" | "unknown";
  /** What was found. May quote other programs: not for a terminal as it is. */
  readonly detail: string;
  /** What to do next. */
  readonly hint?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, state: "ok", detail };
}

export function failed(name: string, detail: string, hint?: string): Check {
  return { name, state: "failed", detail, ...(hint === undefined ? {} : { hint }) };
}

export function unknown(name: string, detail: string, hint?: string): Check {
  return { name, state: "unknown", detail, ...(hint === undefined ? {} : { hint }) };
}
