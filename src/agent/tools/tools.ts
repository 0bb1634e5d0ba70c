/** One thing of the gateway's that an agent may use, as models and MCP clients are told of it. */
export interface ToolSpec {
  /** `search_events`: letters, digits and underscores. */
  readonly name: string;
  /** A few words for people. */
  readonly title: string;
  /** What it does, what it gives back and when to use it: for the model. */
  readonly about: string;
  /** JSON Schema 2020-12 of its input, an object. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** False when it changes something or writes to somebody. */
  readonly readOnly: boolean;
  /** It takes something away that is not brought back. @default false */
  readonly destructive?: boolean;
  /** What it does can be seen outside this gateway. @default false */
  readonly outward?: boolean;
}

export interface ToolResult {
  /** For the model: text, or JSON as text. At most 32 KB. */
  readonly text: string;
  /** The input was wrong or it could not be done; `text` says what to do instead. */
  readonly failed: boolean;
}

/** The tools that one asker may use, bound to who that is. */
export interface Tools {
  readonly specs: readonly ToolSpec[];
  /**
   * Never rejects for what the model did wrong: an unknown name and a bad input are answered with `failed`.
   * @throws StoreUnavailable, and the signal's reason when it aborts
   */
  call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult>;
}

/** In whose name tools are used, and from where. */
export interface ToolUser {
  /** What it may see: strangers' turns never get this far. */
  readonly reach: "owner" | "chat";
  readonly device_id: string;
  /** The conversation that reminders go to unless another is named. */
  readonly session_id: string;
  /** The run that uses them: what it writes twice, because it began again after a crash, is there once. */
  readonly run?: { readonly run_id: string; readonly attempt: number };
}

/** What became of something said in another conversation; `goes`: whether it leaves the machine. */
export type SaidOutcome =
  | { readonly ok: true; readonly run_id: string; readonly goes: "session" | "channel" }
  /** `why`: what to do instead, for the model. */
  | { readonly ok: false; readonly why: string };
