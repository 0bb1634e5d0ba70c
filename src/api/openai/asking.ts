import type { Answer } from "../../http/answer.ts";
import type { SseEvent } from "../../http/sse.ts";
import type { Log } from "../../observe/log.ts";
import { checkShape, showFound } from "../../protocol/check.ts";
import { Problem } from "../../protocol/problem.ts";
import type { Usage } from "../../protocol/run.ts";
import type { OnceEvent } from "../../runs/once.ts";
import { StoreUnavailable } from "../../store/store.ts";
import { type Context, principalOf } from "../context.ts";
import { type EventStreamParts, eventStream } from "../event-stream.ts";
import type { ApiParts } from "../parts.ts";
import { within } from "../wait.ts";
import { Connection } from "./connection.ts";
import type { Question } from "./conversation.ts";
import { badField } from "./fields.ts";
import { answerInSession, type SessionParts } from "./in-session.ts";

export type AskParts = EventStreamParts & SessionParts & Pick<ApiParts, "agent" | "once">;

/** What the agent says; `failed` ends an answer that has begun to leave, when no status can be sent any more. */
export type AnswerEvent = OnceEvent | { readonly type: "failed"; readonly problem: Problem };

export interface WholeAnswer {
  readonly text: string;
  readonly thought: string;
  readonly model: string;
  /** Null when the agent does not say what it used. */
  readonly usage: Usage | null;
  /** It ends where the agent may say no more. */
  readonly cut: boolean;
}

/** How long a streamed answer may take to begin before its headers leave: until then a failure still has its status. */
const HEADERS_MS = 10_000;
/** Characters after which thoughts are left out of an answer that is sent whole. */
const MAX_THOUGHT = 1024 * 1024;

/** The whole answer, however long it takes; the agent has a time limit of its own. @throws Problem */
export async function wholeAnswer(parts: AskParts, context: Context, question: Question): Promise<WholeAnswer> {
  context.hold(0);
  const connection = new Connection(context, parts);
  const text: string[] = [];
  const thought: string[] = [];
  let thoughtLength = 0;
  try {
    for await (const event of ask(parts, context, question, connection.signal)) {
      if (event.type === "delta") text.push(event.content);
      else if (event.type === "thought" && thoughtLength < MAX_THOUGHT) {
        thought.push(event.content);
        thoughtLength += event.content.length;
      }
      if (event.type === "done") {
        const { model, usage, cut } = event;
        return { text: text.join(""), thought: thought.join(""), model, usage, cut };
      }
    }
    throw new Problem("agent_failed", { detail: "The agent stopped in the middle of its answer." });
  } finally {
    connection.end();
  }
}

/** The answer as `format` writes it, from its first event on. @throws Problem of an agent that fails before it says anything */
export async function streamedAnswer(
  parts: AskParts,
  context: Context,
  question: Question,
  format: (events: AsyncIterable<AnswerEvent>) => AsyncIterable<SseEvent>,
): Promise<Answer> {
  context.hold(0);
  const connection = new Connection(context, parts);
  const events = ask(parts, context, question, connection.signal);
  const first = events.next();
  try {
    await within(first, HEADERS_MS, null, parts.clock);
  } catch (error) {
    connection.end();
    throw error;
  }
  return eventStream(context, parts, (signal) => {
    const lost = () => connection.lost();
    if (signal.aborted) lost();
    signal.addEventListener("abort", lost, { once: true });
    return format(told(first, events, connection, context, parts.log));
  });
}

async function* ask(
  parts: AskParts,
  context: Context,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<OnceEvent, void, void> {
  const principal = principalOf(context);
  const session_id = sessionOf(context);
  if (session_id === null) yield* parts.once.answer({ principal, ...question }, signal);
  else yield* answerInSession(parts, { principal, session_id, ...question }, signal);
}

/** The session that the request names; null when it brings its own history. @throws OpenAiProblem */
function sessionOf(context: Context): string | null {
  const session_id = context.request.headers.get("x-zeroclaw-session");
  if (session_id === null || checkShape("message_request", { session_id }).ok) return session_id;
  throw badField(
    "X-Zeroclaw-Session",
    `The header X-Zeroclaw-Session must be 1 to 128 of A-Z a-z 0-9 . _ : - (found ${showFound(session_id)}).`,
  );
}

async function* told(
  first: Promise<IteratorResult<OnceEvent, void>>,
  rest: AsyncGenerator<OnceEvent>,
  connection: Connection,
  { request_id }: Context,
  log: Log,
): AsyncGenerator<AnswerEvent, void, void> {
  try {
    for (let step = await first; !step.done; step = await rest.next()) yield step.value;
  } catch (error) {
    if (connection.gone) return; // a stream that is closed takes nothing more
    const problem = problemFor(error);
    log.warn("An answer broke off", { request_id, code: problem.code, error: String(error) });
    yield { type: "failed", problem };
  } finally {
    connection.end();
    await rest.return(undefined);
  }
}

function problemFor(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem("store_unavailable", {
      detail: "The gateway cannot write to its store right now.",
      cause: error,
    });
  }
  return new Problem("internal", { detail: "Something went wrong in the gateway. Its log has more.", cause: error });
}
