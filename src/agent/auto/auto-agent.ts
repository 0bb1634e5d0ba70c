import { untilAborted } from "../../lib/abort.ts";
import type { Timer } from "../../lib/clock.ts";
import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import { type AgentConfig, isModelMeant, type OpenAgent } from "../agents.ts";
import { type Detection, detect } from "../detect/detect.ts";
import { LOOPBACK_SERVERS } from "../detect/find-servers.ts";
import { thisMachine } from "../detect/this-machine.ts";
import { Announcer } from "./announcer.ts";
import { type Choice, choiceAmong, choiceOf, operatorChoice } from "./choice.ts";
import { Delegate } from "./delegate.ts";

export type Look = (signal: AbortSignal) => Promise<Detection>;

/** After the start, which takes less. */
const FIRST_LOOK_MS = 1_000;
/** How often at most it is looked whether a model server has come up. */
const NEXT_LOOK_MS = 60_000;

/** Whoever is found on this machine: explicit settings, an ACP command, a model server on loopback, else the operator. */
export function openAutoAgent(
  config: AgentConfig,
  parts: AgentParts,
  load: (config: AgentConfig) => Promise<OpenAgent>,
  look: Look = lookAround(parts),
): Agent {
  return new AutoAgent(config, parts, load, look);
}

function lookAround({ fetch, clock, env, ownPort }: AgentParts): Look {
  const machine = thisMachine(env);
  return (signal) => detect({ ...machine, fetch, clock, env, ownPort: ownPort(), servers: LOOPBACK_SERVERS }, signal);
}

class AutoAgent implements Agent {
  readonly #config: AgentConfig;
  readonly #parts: AgentParts;
  readonly #load: (config: AgentConfig) => Promise<OpenAgent>;
  readonly #look: Look;
  readonly #announcer: Announcer;
  readonly #stopped = new AbortController();
  readonly #firstLook: Timer;
  readonly #delegates = new Set<Delegate>();
  #delegate: Delegate | null = null;
  /** The delegate could not be reached the last time. */
  #lost = false;
  #looking: Promise<void> | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(config: AgentConfig, parts: AgentParts, load: (config: AgentConfig) => Promise<OpenAgent>, look: Look) {
    this.#config = config;
    this.#parts = parts;
    this.#load = load;
    this.#look = look;
    this.#announcer = new Announcer(parts.log);
    // In nobody's way, so that the status says early who answers; what fails here fails again at the first turn.
    this.#firstLook = parts.clock.after(FIRST_LOOK_MS, () => void this.#ready().catch(() => {}));
  }

  get kind(): string {
    return this.#delegate?.agent.kind ?? "operator";
  }

  get model(): string {
    return this.#delegate?.agent.model ?? "operator";
  }

  async *run(turn: AgentTurn, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    await untilAborted(this.#ready(), signal);
    const delegate = this.#delegate;
    if (delegate === null || this.#stopped.signal.aborted) throw stopping();
    delegate.enter();
    try {
      yield* delegate.agent.run(turn, signal);
    } catch (error) {
      // This turn fails as it failed: half an answer of one agent must not be ended by another.
      if (delegate === this.#delegate && isUnavailable(error)) this.#lost = true;
      throw error;
    } finally {
      delegate.leave();
    }
  }

  /** Told to whoever was replaced as well, while its last turns go on. */
  forget(session_id: string): void {
    for (const { agent } of this.#delegates) agent.forget?.(session_id);
  }

  async stop(): Promise<void> {
    this.#firstLook.cancel();
    this.#stopped.abort("The gateway stops");
    await this.#looking?.catch(() => {}); // whoever waits for it is told
    const ended = await Promise.allSettled([...this.#delegates].map((delegate) => delegate.stop()));
    const failed = ended.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  /** There is somebody to answer, looked for if need be; those who come meanwhile wait for the same look. */
  async #ready(): Promise<void> {
    if (this.#looking === null && !this.#isDue()) return;
    this.#looking ??= this.#choose().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  #isDue(): boolean {
    if (this.#stopped.signal.aborted) return false;
    if (this.#delegate === null) return true;
    const { choice, agent } = this.#delegate;
    if (choice.settled) return false;
    const waited = this.#parts.clock.monotonic() - this.#lookedAt;
    return this.#lost || (agent.kind === "operator" && waited >= NEXT_LOOK_MS);
  }

  async #choose(): Promise<void> {
    const choice = choiceOf(this.#config, isModelMeant) ?? (await this.#lookForOne());
    this.#lost = false;
    if (choice.name === this.#delegate?.choice.name || this.#stopped.signal.aborted) return;
    const open = await this.#load(choice.config);
    if (this.#stopped.signal.aborted) return;
    const before = this.#delegate;
    this.#delegate = new Delegate(choice, open(choice.config, this.#parts));
    this.#delegates.add(this.#delegate);
    this.#tell(this.#delegate, before);
    if (before !== null) void this.#retire(before);
  }

  async #retire(delegate: Delegate): Promise<void> {
    try {
      await delegate.retire();
    } catch (error) {
      this.#parts.log.warn("Cannot stop the agent that answered before", { error: String(error) });
    }
    this.#delegates.delete(delegate);
  }

  async #lookForOne(): Promise<Choice> {
    this.#lookedAt = this.#parts.clock.monotonic();
    const detection = await this.#look(this.#stopped.signal);
    if (this.#stopped.signal.aborted) return operatorChoice(this.#config);
    this.#announcer.announce(detection);
    const before = this.#delegate?.choice ?? null;
    const found = choiceAmong(detection, this.#config, before?.config ?? null);
    // Who was promised a model must not be answered by the operator in its place: it fails until there is a model again.
    return before !== null && found.config.kind === "operator" ? before : found;
  }

  #tell({ choice, agent }: Delegate, before: Delegate | null): void {
    const { log } = this.#parts;
    const fields = { kind: agent.kind, model: agent.model };
    if (before === null) {
      const why = choice.settled
        ? "as the settings say"
        : agent.kind === "operator"
          ? "nothing else was found"
          : "found";
      log.info("agent.kind is auto: chose who answers", { ...fields, why });
    } else {
      log.warn("agent.kind is auto: another answers from now on", { ...fields, before: before.choice.name });
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AgentError && error.code === "agent_unavailable";
}

function stopping(): AgentError {
  return new AgentError("The gateway is stopping.", { code: "agent_unavailable" });
}
