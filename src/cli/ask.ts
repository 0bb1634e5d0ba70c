import { readSse, type SseEvent } from "../lib/sse.ts";
import type { Arguments } from "./args.ts";
import { CommandError } from "./exit-codes.ts";
import { type LocalClient, Refused } from "./local-client.ts";
import { parseObject, type Row } from "./rows.ts";

export interface Message {
  readonly text: string;
  /** Undefined: the conversation of this machine's commands. */
  readonly session: string | undefined;
}

/** Told of an answer while it is written. */
export interface Reader {
  text(piece: string): void;
  /** The run began again after a crash: what was told before is void. */
  restarted(): void;
  tool(name: string, state: string): void;
}

export type Outcome =
  | { readonly kind: "answered"; readonly content: string; readonly frame: Row }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "cancelled" }
  /** Cancelled before the run had a name, so it goes on in the gateway. */
  | { readonly kind: "left" };

/** What to say of an outcome that is `left`. */
export const LEFT = "The run had not begun to answer, so it could not be cancelled: its answer will be in the session.";

/** One message and the run that answers it. */
export class Question {
  readonly #client: LocalClient;
  readonly #message: Message;
  readonly #doing: string;
  readonly #abort = new AbortController();
  readonly #accepted = Promise.withResolvers<void>();
  #runId: string | null = null;
  #attempt = 1;

  constructor(client: LocalClient, message: Message, doing: string) {
    this.#client = client;
    this.#message = message;
    this.#doing = doing;
  }

  /** Sends the message and reads the run to its end. @throws CommandError when the gateway refuses it or goes away. */
  async answer(reader: Reader): Promise<Outcome> {
    try {
      for await (const event of readSse(await this.#send())) {
        const outcome = this.#take(event, reader);
        if (outcome) return outcome;
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error instanceof CommandError ? error : this.#lost(error);
    }
    if (this.#abort.signal.aborted) return { kind: this.#runId === null ? "left" : "cancelled" };
    throw this.#lost(undefined);
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
    } catch (error) {
      const ended = error instanceof Refused && (error.code === "run_ended" || error.code === "not_found");
      if (!ended) throw error;
    } finally {
      this.#abort.abort();
    }
  }

  async #send(): Promise<ReadableStream<Uint8Array>> {
    const { text, session } = this.#message;
    const body = { message: text, stream: true, ...(session === undefined ? {} : { session_id: session }) };
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

  #take({ type, data }: SseEvent, reader: Reader): Outcome | null {
    const frame = parseObject(data);
    if (!frame) return null;
    if (typeof frame["run_id"] === "string") this.#runId ??= frame["run_id"];
    if (typeof frame["attempt"] === "number" && frame["attempt"] > this.#attempt) {
      this.#attempt = frame["attempt"];
      reader.restarted();
    }
    switch (type) {
      case "delta":
        reader.text(text(frame, "content"));
        return null;
      case "tool":
        reader.tool(text(frame, "name"), text(frame, "state"));
        return null;
      case "response":
        return { kind: "answered", content: text(frame, "content"), frame };
      case "error":
        if (frame["code"] === "cancelled") return { kind: "cancelled" };
        return { kind: "failed", detail: text(frame, "detail") };
      default:
        return null; // thoughts, and frames of gateways newer than this command
    }
  }

  #lost(cause: unknown): CommandError {
    const run = this.#runId === null ? "" : ` The run ${this.#runId} goes on; its answer will be in the session.`;
    return new CommandError(
      `Cannot ${this.#doing}: the gateway closed the connection before the answer was whole.${run}\nIs it running? zeroclaw status`,
      { cause },
    );
  }
}

/** The conversation that `--session` names. @throws UsageError */
export function sessionOf(args: Arguments): string | undefined {
  const session = args.value("session");
  if (session === undefined || /^[A-Za-z0-9._:-]{1,128}$/.test(session)) return session;
  throw args.wrong("session", "is not a session's name", "1 to 128 of the characters A-Z a-z 0-9 . _ : - are needed");
}

function text(frame: Row, name: string): string {
  const value = frame[name];
  return typeof value === "string" ? value : "";
}
