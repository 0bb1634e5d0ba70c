import { untilAborted } from "../../lib/abort.ts";
import { sleep } from "../../lib/clock.ts";
import { AgentError } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { Child } from "./child.ts";
import { type AcpCommand, acpCommand, type CommandConfig } from "./command.ts";
import { AcpConnection, loadSdk } from "./connection.ts";
import { StderrTail } from "./stderr-tail.ts";
import type { AcpSystem } from "./system.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A turn waits this long for the pause before a restart to be over; else it is told to come again. */
const PATIENCE_MS = 5_000;

export type SupervisorParts = Pick<AgentParts, "clock" | "log" | "env" | "dir">;

/** Keeps one process of the agent: started when it is first needed, and again, with pauses, when it has ended by itself. */
export class AcpSupervisor {
  readonly #config: CommandConfig;
  readonly #parts: SupervisorParts;
  readonly #system: AcpSystem;
  readonly #stderr: StderrTail;
  readonly #ready: Promise<void>;
  /** Starting or running. */
  #current: AcpConnection | null = null;
  #starting: Promise<AcpConnection> | null = null;
  /** The last process's end, which the next start waits for. */
  #gone: Promise<void> = Promise.resolve();
  #failures = 0;
  #failure: AgentError | null = null;
  #notBefore = 0;
  #stopping = false;

  constructor(config: CommandConfig, parts: SupervisorParts, system: AcpSystem) {
    this.#config = config;
    this.#parts = parts;
    this.#system = system;
    this.#stderr = new StderrTail(parts.log, parts.clock);
    this.#ready = system.endLeftover(parts.dir, parts.clock, parts.log);
    this.#ready.catch(() => undefined); // told by the first start
  }

  /** The running process. @throws AgentError when it cannot be started now; the signal's reason */
  async connect(signal: AbortSignal): Promise<AcpConnection> {
    const { clock } = this.#parts;
    for (;;) {
      signal.throwIfAborted();
      if (this.#stopping) throw stopped();
      if (this.#starting) return untilAborted(this.#starting, signal);
      if (this.#current) return this.#current;
      const pause = this.#notBefore - clock.monotonic();
      if (pause <= 0) return untilAborted(this.#start(), signal);
      // A failure that trying again cannot mend is told again, so that nobody waits for it to go away.
      if (this.#failure?.permanent) throw this.#failure;
      if (pause > PATIENCE_MS) throw pausing(this.#failures, pause, this.#failure);
      await sleep(clock, pause, signal);
    }
  }

  /** An answer has come from it: its next end is the first. */
  succeeded(): void {
    this.#failures = 0;
    this.#failure = null;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#current?.kill(stopped());
    await this.#starting?.catch(() => undefined);
    await this.#gone;
  }

  #start(): Promise<AcpConnection> {
    if (this.#starting) return this.#starting;
    const starting = this.#open()
      .catch((error: unknown) => {
        throw this.#later(error);
      })
      .finally(() => {
        this.#starting = null;
      });
    starting.catch(() => undefined); // whoever asked may have left
    this.#starting = starting;
    return starting;
  }

  async #open(): Promise<AcpConnection> {
    const { clock, log, dir } = this.#parts;
    const [sdk] = await Promise.all([loadSdk(), this.#ready, this.#gone]);
    if (this.#stopping) throw stopped();
    const command = acpCommand(this.#config, this.#parts, this.#system);
    const child = this.#spawn(command);
    const guard = this.#system.guard(child.pid, dir, log);
    const connection = new AcpConnection(sdk, child, command, { clock, stderr: this.#stderr });
    this.#current = connection;
    this.#gone = connection.gone.then(() => guard.release());
    void connection.ended.then((reason) => this.#ended(connection, reason));
    try {
      await connection.hello();
    } catch (error) {
      // as: hello() fails with nothing else. The process may have ended before that, for a reason of its own.
      connection.kill(error as AgentError);
      throw await connection.ended;
    }
    log.info("The agent is running", { agent: connection.name, pid: child.pid });
    return connection;
  }

  #spawn(command: AcpCommand): Child {
    try {
      return this.#system.spawn(command);
    } catch (cause) {
      const permanent = !/\b(?:EAGAIN|ENOMEM|EMFILE|ENFILE)\b/.test(String(cause));
      const error = new AgentError(`Cannot start the agent "${command.argv[0]}": ${String(cause)}`, {
        permanent,
        cause,
      });
      if (!permanent) this.#failed(error);
      throw error;
    }
  }

  /** A start that failed, as those who waited for it are told: whom trying again may help is told when. */
  #later(error: unknown): unknown {
    if (!(error instanceof AgentError) || error.permanent || error.code === "agent_unavailable") return error;
    const pause = this.#notBefore - this.#parts.clock.monotonic();
    return new AgentError(error.message, { code: "agent_unavailable", retryAfter: secondsOf(pause), cause: error });
  }

  #ended(connection: AcpConnection, reason: AgentError): void {
    if (this.#current !== connection) return;
    this.#current = null;
    if (this.#stopping || connection.excused) return;
    this.#failed(reason);
    this.#parts.log.warn("The agent's process ended", { reason: reason.message, failures: this.#failures });
    this.#stderr.warn();
  }

  /** It is not started again before a pause is over. */
  #failed(reason: AgentError): void {
    this.#failures += 1;
    this.#failure = reason;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#notBefore = this.#parts.clock.monotonic() + pause;
  }
}

function stopped(): AgentError {
  return new AgentError("The gateway stops, and its agent with it.", { code: "agent_unavailable", retryAfter: 5 });
}

function pausing(failures: number, ms: number, cause: AgentError | null): AgentError {
  const retryAfter = secondsOf(ms);
  const why = cause === null ? "" : ` ${cause.message}`;
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  return new AgentError(`The agent failed ${times}; it is started again in ${retryAfter} s.${why}`, {
    code: "agent_unavailable",
    retryAfter,
    cause,
  });
}

/** For `Retry-After`: whole, and never at once. */
function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
