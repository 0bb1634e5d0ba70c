import { type Clock, sleep } from "../lib/clock.ts";
import { readSse, type SseEvent } from "../lib/sse.ts";
import type { Arguments } from "./args.ts";
import { CommandError } from "./exit-codes.ts";
import { type LocalClient, Refused } from "./local-client.ts";
import { parseObject, type Row } from "./rows.ts";

export interface Message {
  readonly text: string;
  /** Undefined: the conversation of this machine's commands. */
  readonly session: string | undefined;
  /** Goes first, and stops the answer under way in its session. @default false */
  readonly steer?: boolean;
  /** The reader can answer the agent's questions. @default false */
  readonly permissions?: boolean;
}

/** A question of the agent's own, in the middle of its answer. */
export interface PermissionQuestion {
  readonly request_id: string;
  readonly title: string;
  /** What may be answered besides `deny`. */
  readonly options: readonly string[];
}

/** Told of an answer while it is written. */
export interface Reader {
  text(piece: string): void;
  thought(piece: string): void;
  /** The run began again after a crash: what was told before is void. */
  restarted(): void;
  /** The connection broke in the middle; it is tried again. Told once, until there are news. */
  disconnected(): void;
  tool(name: string, state: string): void;
  permission(question: PermissionQuestion): void;
  /** A question was answered, by whoever, or nobody did in time. */
  permissionSettled(request_id: string, decision: string): void;
}

export type Outcome =
  | { readonly kind: "answered"; readonly content: string; readonly frame: Row }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "cancelled" }
  /** It could not be cancelled, so it goes on in the gateway. */
  | { readonly kind: "left" };

/** Hears of nothing but the outcome. */
export const SILENT: Reader = {
  text: () => {},
  thought: () => {},
  restarted: () => {},
  disconnected: () => {},
  tool: () => {},
  permission: () => {},
  permissionSettled: () => {},
};

/** What to say of an outcome that is `left`. */
export const LEFT = "The run could not be cancelled, so it goes on: its answer will be in the session.";

/** A gateway that restarts is back within seconds. */
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
/** Without news for so long, it is not coming back by itself. */
const GIVE_UP_MS = 60_000;

/** One message and the run that answers it, over breaks of the connection and restarts of the gateway. */
export class Question {
  readonly #client: LocalClient;
  readonly #clock: Clock;
  readonly #message: Message;
  readonly #doing: string;
  readonly #abort = new AbortController();
  readonly #accepted = Promise.withResolvers<void>();
  #sending: Promise<ReadableStream<Uint8Array>> | null = null;
  #runId: string | null = null;
  #attempt = 1;
  /** The latest frame that was read; null before the first. */
  #seq: number | null = null;
  #news = true;
  #cancelled = false;

  constructor(client: LocalClient, clock: Clock, message: Message, doing: string) {
    this.#client = client;
    this.#clock = clock;
    this.#message = message;
    this.#doing = doing;
  }

  /** Whether it stops the answer under way. */
  get steers(): boolean {
    return this.#message.steer ?? false;
  }

  /** Resolves once the gateway has accepted the message. @throws CommandError when it refuses it */
  async send(): Promise<void> {
    this.#sending ??= this.#send();
    await this.#sending;
  }

  /** Sends the message, unless that is done, and reads the run to its end. @throws CommandError when the gateway refuses it or goes away. */
  async answer(reader: Reader): Promise<Outcome> {
    try {
      this.#sending ??= this.#send();
      let outcome = await this.#read(await this.#sending, reader);
      while (outcome instanceof Lost) outcome = await this.#again(outcome, reader);
      return outcome;
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
      return { kind: this.#cancelled ? "cancelled" : "left" };
    }
  }

  /**
   * Ends the run, and with it `answer()`, as soon as the gateway has accepted the message.
   * @throws CommandError when the gateway could not be asked.
   */
  async cancel(): Promise<void> {
    await this.#accepted.promise;
    const id = this.#runId;
    try {
      if (id === null) return;
      await this.#client.ask({
        method: "DELETE",
        path: `/api/runs/${encodeURIComponent(id)}`,
        doing: "cancel the run",
      });
      this.#cancelled = true;
    } catch (error) {
      const ended = error instanceof Refused && (error.code === "run_ended" || error.code === "not_found");
      if (!ended) throw error;
      this.#cancelled = true;
    } finally {
      this.#abort.abort();
    }
  }

  async #send(): Promise<ReadableStream<Uint8Array>> {
    const { text, session, steer = false, permissions = false } = this.#message;
    const body = {
      message: text,
      stream: true,
      ...(session === undefined ? {} : { session_id: session }),
      ...(steer ? { steer } : {}),
      ...(permissions ? { permissions } : {}),
    };
    try {
      const request = { method: "POST", path: "/api/message", body, doing: this.#doing } as const;
      const { headers, body: stream } = await this.#client.stream(request, this.#abort.signal);
      // The first frame has the run's id too, but an agent may think for minutes before that.
      this.#runId = headers.get("location")?.split("/").at(-1) ?? null;
      return stream;
    } finally {
      this.#accepted.resolve();
    }
  }

  async #read(stream: ReadableStream<Uint8Array>, reader: Reader): Promise<Outcome | Lost> {
    try {
      for await (const event of readSse(stream)) {
        const outcome = this.#take(event, reader);
        if (outcome) return outcome;
      }
    } catch (error) {
      if (error instanceof CommandError || !isBroken(error)) throw error;
      return new Lost(error);
    }
    this.#abort.signal.throwIfAborted();
    return new Lost(undefined);
  }

  /** Goes on where the stream broke off. @throws CommandError when the gateway does not come back */
  async #again(lost: Lost, reader: Reader): Promise<Outcome | Lost> {
    this.#abort.signal.throwIfAborted();
    const id = this.#runId;
    if (id === null) throw this.#gone(lost.cause);
    if (this.#news) reader.disconnected();
    this.#news = false;
    const until = this.#clock.monotonic() + GIVE_UP_MS;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      await sleep(this.#clock, wait, this.#abort.signal);
      const stream = await this.#follow(id, lost);
      const began = this.#clock.monotonic();
      const outcome = stream && (await this.#read(stream, reader));
      const now = this.#clock.monotonic();
      // A stream that lasted is a gateway that was there, although the agent had nothing to say.
      if (stream && now - began >= LONGEST_RETRY_MS) this.#news = true;
      if (outcome && (this.#news || !(outcome instanceof Lost))) return outcome;
      if (now >= until) throw this.#gone(lost.cause);
    }
  }

  /** The run's stream after what has been read; null while the gateway is not there. */
  async #follow(id: string, lost: Lost): Promise<ReadableStream<Uint8Array> | null> {
    const query = new URLSearchParams();
    if (this.#seq !== null) query.set("after", String(this.#seq));
    if (this.#message.permissions) query.set("permissions", "true");
    const path = `/api/runs/${encodeURIComponent(id)}${query.size > 0 ? `?${query}` : ""}`;
    try {
      return (await this.#client.stream({ path, doing: this.#doing }, this.#abort.signal)).body;
    } catch (error) {
      if (error instanceof Refused && error.status !== 503 && error.status !== 429) throw this.#gone(lost.cause);
      if (error instanceof CommandError) return null;
      throw error;
    }
  }

  #take({ type, data }: SseEvent, reader: Reader): Outcome | null {
    const frame = parseObject(data);
    if (!frame) return null;
    this.#note(frame, reader);
    switch (type) {
      case "delta":
        reader.text(text(frame, "content"));
        return null;
      case "thought":
        reader.thought(text(frame, "content"));
        return null;
      case "tool":
        reader.tool(text(frame, "name"), text(frame, "state"));
        return null;
      case "permission_request":
        reader.permission(questionOf(frame));
        return null;
      case "permission":
        reader.permissionSettled(text(frame, "request_id"), text(frame, "decision"));
        return null;
      case "response":
        return { kind: "answered", content: text(frame, "content"), frame };
      case "error":
        if (frame["code"] === "cancelled") return { kind: "cancelled" };
        return { kind: "failed", detail: text(frame, "detail") };
      default:
        return null; // frames of gateways newer than this command
    }
  }

  /** Remembers where the run is. */
  #note({ run_id, attempt, seq }: Row, reader: Reader): void {
    this.#news = true;
    if (typeof run_id === "string") this.#runId ??= run_id;
    if (typeof seq === "number") this.#seq = seq;
    if (typeof attempt !== "number" || attempt <= this.#attempt) return;
    this.#attempt = attempt;
    reader.restarted();
  }

  #gone(cause: unknown): CommandError {
    const run = this.#runId === null ? "" : ` The run ${this.#runId} goes on; its answer will be in the session.`;
    return new CommandError(
      `Cannot ${this.#doing}: the gateway closed the connection before the answer was whole.${run}\nIs it running? zeroclaw status`,
      { cause },
    );
  }
}

/** The stream ended before the run did. */
class Lost {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** Whether reading failed because the connection did: anything else is a fault of ours. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

/** The conversation that `--session` names. @throws UsageError */
export function sessionOf(args: Arguments): string | undefined {
  const session = args.value("session");
  if (session === undefined || isSessionName(session)) return session;
  throw args.wrong("session", "is not a session's name", SESSION_NAME_RULE);
}

export const SESSION_NAME_RULE = "1 to 128 of the characters A-Z a-z 0-9 . _ : - are needed";

export function isSessionName(name: string): boolean {
  return /^[A-Za-z0-9._:-]{1,128}$/.test(name);
}

function questionOf(frame: Row): PermissionQuestion {
  const options = frame["options"];
  return {
    request_id: text(frame, "request_id"),
    title: text(frame, "title"),
    options: Array.isArray(options) ? options.filter((option) => typeof option === "string") : [],
  };
}

function text(frame: Row, name: string): string {
  const value = frame[name];
  return typeof value === "string" ? value : "";
}
