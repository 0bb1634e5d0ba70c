import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../agent/agent.ts";
import { untilAborted } from "../lib/abort.ts";
import type { Timer } from "../lib/clock.ts";
import type { EventWithBody } from "../protocol/event.ts";
import { Problem } from "../protocol/problem.ts";
import { eventRow, runRow } from "../protocol/rows.ts";
import type { StoredRun, Usage } from "../protocol/run.ts";
import type { SessionStream } from "../sessions/stream.ts";
import { terminalFrame } from "../sessions/streams.ts";
import { persist } from "../store/persist.ts";
import type { EventFailure, NewReply, RunOutcome } from "../store/store.ts";
import { answerMeter, failureOf, timeoutAfter, unfinished } from "./failure.ts";
import type { RunHandle, RunsParts, Terminal } from "./runs.ts";

/** A run between its commit and the commit of its end. */
export interface ActiveRun {
  handle: RunHandle;
  readonly ofEvent: boolean;
  /** Came to take others' place. */
  readonly steers: boolean;
  /** Its turn in the session has come, or it was stopped before. */
  running: boolean;
  /** All of it, done once. */
  readonly work: () => Promise<void>;
  /** Its terminal frame has been seen; only cleaning up is left. */
  over: boolean;
  readonly abort: AbortController;
  /** Resolves when nothing of the run is left to do. */
  readonly settled: Promise<void>;
  readonly end: (frame: Terminal) => void;
  readonly settle: () => void;
  /** Aborts when the process stops before the run could end. */
  readonly abandoned: AbortSignal;
}

interface Job extends ActiveRun {
  readonly run: StoredRun;
  readonly event: EventWithBody | null;
  /** Still marked as queued in the store. */
  readonly queued: boolean;
  /** What the asker's program says about how to answer; not stored, so a run that begins again has none. */
  readonly instructions: string | null;
}

/** Lets the agent answer and commits how it ended. Never rejects. */
export async function execute(parts: RunsParts, job: Job, stream: SessionStream): Promise<void> {
  const { run } = job;
  const began = parts.clock.monotonic();
  try {
    const answered = await answer(parts, job, stream);
    if (answered === null) return; // abandoned: the next start goes on with it
    if (!(await finish(parts, job, stream, answered))) return;
    if (run.origin !== "notice") tellTrouble(parts.onAnswer, answered.outcome);
    parts.onEnded?.(answered.outcome.state, parts.clock.monotonic() - began);
  } catch (error) {
    parts.log.error("Cannot settle a run; it begins again at the next start", {
      run_id: run.run_id,
      error: String(error),
    });
  } finally {
    parts.permissions.withdraw(run.run_id);
  }
}

function tellTrouble(tell: RunsParts["onAnswer"], { state, error }: Answer["outcome"]): void {
  if (state === "done") tell?.(null);
  else if (state === "failed" && error !== null) tell?.(error.detail);
}

interface Answer {
  readonly outcome: Pick<RunOutcome, "state" | "response" | "model" | "usage" | "error">;
  /** Null when it ended before its turn came. */
  readonly started_at: number | null;
  /** Trying again would end the same way. */
  readonly permanent: boolean;
}

async function answer(parts: RunsParts, job: Job, stream: SessionStream): Promise<Answer | null> {
  const { agent, clock } = parts;
  const { signal } = job.abort;
  const spoken: string[] = [];
  let started_at: number | null = null;
  let timer: Timer | null = null;
  try {
    signal.throwIfAborted();
    started_at = await begin(parts, job);
    timer = clock.after(parts.timeoutMs, () => job.abort.abort(timeoutAfter(parts.timeoutMs)));
    const usage = await untilAborted(speak(parts, job, stream, spoken), signal);
    const outcome = { state: "done", response: spoken.join(""), model: agent.model, usage, error: null } as const;
    return { outcome, started_at, permanent: false };
  } catch (error) {
    const reason = signal.aborted ? signal.reason : error;
    if (reason instanceof Problem && reason.code === "shutting_down") return null;
    const state = reason instanceof Problem && reason.code === "cancelled" ? "cancelled" : "failed";
    const permanent = state === "cancelled" || (reason instanceof AgentError && reason.permanent);
    const { code, message: detail } = failureOf(reason, job.run.run_id, parts.log);
    // Who stops an answer has read its beginning and goes on from there; of one that failed nothing is worth keeping.
    const response = state === "cancelled" && spoken.length > 0 ? spoken.join("") : null;
    const outcome = { state, response, model: agent.model, usage: null, error: { code, detail } } as const;
    return { outcome, started_at, permanent };
  } finally {
    timer?.cancel();
  }
}

/** Marks the run as running. Returns since when it is. */
async function begin(parts: RunsParts, { run, queued, abort }: Job): Promise<number> {
  const started_at = queued ? parts.clock.now() : (run.started_at ?? run.created_at);
  if (queued) {
    const what = { doing: "mark a run as running", id: run.run_id };
    await persist(parts, what, () => parts.store.runs.begin(run.run_id, started_at), abort.signal);
  }
  parts.feed.emit("run", runRow({ ...run, state: "running", started_at }));
  return started_at;
}

/** Fills `spoken` with the answer's pieces. */
async function speak(parts: RunsParts, job: Job, stream: SessionStream, spoken: string[]): Promise<Usage | null> {
  const { run } = job;
  const { signal } = job.abort;
  const count = answerMeter();
  for await (const event of eventsOf(parts.agent, turnOf(parts, job), signal)) {
    signal.throwIfAborted();
    if (event.type === "done") return event.usage ?? null;
    if (event.type === "permission") {
      askPermission(parts, run, event);
      continue;
    }
    if (event.type === "delta") count(event.content);
    const seq = await numberFor(parts, job, stream);
    signal.throwIfAborted();
    if (event.type === "delta") spoken.push(event.content);
    stream.append(frameOf(run, seq, event));
  }
  throw unfinished();
}

/** A notice is said as it is: what an agent tells another conversation is no question to itself. */
function eventsOf(
  agent: Agent,
  turn: AgentTurn,
  signal: AbortSignal,
): AsyncIterable<AgentEvent> | readonly AgentEvent[] {
  if (turn.origin !== "notice") return agent.run(turn, signal);
  return [{ type: "delta", content: turn.text }, { type: "done" }];
}

/** The agent waits with the store: what it has done so far may not be doable twice. */
function numberFor(parts: RunsParts, { run, abort }: Job, stream: SessionStream): Promise<number> {
  return persist(parts, { doing: "number a run's frames", id: run.run_id }, () => stream.nextSeq(), abort.signal);
}

function turnOf(parts: RunsParts, { run, event, instructions }: Job): AgentTurn {
  return {
    run_id: run.run_id,
    session_id: run.session_id,
    attempt: run.attempt,
    origin: run.origin,
    reach: run.reach,
    device_id: run.device_id,
    text: run.input,
    event: event !== null && parts.isQuestion(event) ? null : event,
    goesBack: event !== null && parts.replyTo(event) !== null,
    once: false,
    instructions,
    history: (limit) => parts.store.sessions.historyBefore(run.session_id, run.run_id, limit),
    tools: () => parts.toolsFor(run),
  };
}

function frameOf(run: StoredRun, seq: number, event: Extract<AgentEvent, { type: "delta" | "thought" | "tool" }>) {
  const { run_id, message_id, session_id, attempt } = run;
  if (event.type === "tool") return { run_id, session_id, seq, attempt, ...event };
  return { type: event.type, run_id, message_id, session_id, seq, attempt, content: event.content };
}

function askPermission(parts: RunsParts, run: StoredRun, event: Extract<AgentEvent, { type: "permission" }>): void {
  // Nobody sits in front of a webhook, and a stranger's text must not get a yes.
  if (run.reach === "channel" || run.event_id !== null) {
    event.decide("deny");
    return;
  }
  const { run_id, session_id } = run;
  const question = { run_id, session_id, title: event.title, options: event.options };
  // Of a run that begins again after a restart, whoever asked is just coming back.
  parts.permissions.ask(question, event.decide, { waits: run.attempt > 1 });
}

/** Commits the end, waiting for a full or locked store for as long as the process lives. False: it had ended before. */
async function finish(parts: RunsParts, job: Job, stream: SessionStream, answer: Answer): Promise<boolean> {
  const { run } = job;
  const { outcome, started_at } = answer;
  const commit = async (seq: number): Promise<boolean> => {
    const ended_at = parts.clock.now();
    const event_failure = run.event_id === null ? undefined : eventFailure(parts, job, answer, ended_at);
    const reply = await replyOf(parts, job, answer);
    const end = {
      ...outcome,
      seq,
      ended_at,
      ...(event_failure === undefined ? {} : { event_failure }),
      ...(reply === null ? {} : { reply }),
    };
    const first = await parts.store.runs.finish(run.run_id, run.attempt, end);
    const ended = first ? { ...run, ...outcome, seq, ended_at, started_at } : await endedBefore(parts, run);
    if (!ended) return false;
    const frame = terminalFrame(ended) as Terminal; // an ended run's frame is a response or an error
    // In one turn: whoever sees the frame sees a run that has ended.
    stream.append(frame);
    job.end(frame);
    announce(parts, job, ended, event_failure ?? null);
    if (reply !== null) parts.onReply?.();
    return true;
  };
  const what = { doing: "store an answer", id: run.run_id };
  return persist(parts, what, () => stream.exclusively(commit), job.abandoned);
}

/** A commit whose success could not be reported is found when it is tried again: this attempt has ended, as the row says. */
async function endedBefore(parts: RunsParts, { run_id, attempt }: StoredRun): Promise<StoredRun | null> {
  const row = await parts.store.runs.get(run_id);
  return row && row.attempt === attempt && row.seq !== null ? row : null;
}

/** An empty answer is none: nobody is written to for it. */
async function replyOf(parts: RunsParts, { run, event }: Job, { outcome }: Answer): Promise<NewReply | null> {
  if (outcome.state !== "done" || (outcome.response ?? "").trim() === "") return null;
  if (run.origin === "notice") return (await parts.replyToNotice?.(run)) ?? null;
  return event === null ? null : parts.replyTo(event);
}

function eventFailure(parts: RunsParts, job: Job, answer: Answer, at: number): EventFailure | null {
  const { state, error: why } = answer.outcome;
  if (state === "done" || !job.event) return null;
  const error = why ? `${why.code}: ${why.detail}` : state;
  return { at, error, next_at: answer.permanent ? null : parts.retryAt(job.event, at) };
}

function announce(parts: RunsParts, job: Job, ended: StoredRun, failure: EventFailure | null): void {
  parts.feed.emit("run", runRow(ended));
  if (!job.event) return;
  const state = failure === null ? "done" : failure.next_at === null ? "dead" : "retrying";
  parts.feed.emit(
    "event",
    eventRow({ ...job.event, state, updated_at: ended.ended_at ?? 0, error: failure?.error ?? null }),
  );
}
