import type { Agent, AgentEvent, AgentTurn, PermissionDecision } from "../../src/agent/agent.ts";
import type { Json } from "../../src/lib/json.ts";
import type { Usage } from "../../src/protocol/run.ts";

type Script = (turn: ScriptedTurn) => void | Promise<void>;

/** An agent that does what a test tells it: by a script for every turn, or turn by turn by hand when that is null. */
export class ScriptedAgent implements Agent {
  readonly kind = "scripted";
  readonly model = "scripted-1";
  /** Every turn it was given, in that order. */
  readonly turns: ScriptedTurn[] = [];
  script: Script | null;

  constructor(script: Script | null = echo) {
    this.script = script;
  }

  run(turn: AgentTurn, signal: AbortSignal): AsyncIterable<AgentEvent> {
    const scripted = new ScriptedTurn(turn, signal);
    this.turns.push(scripted);
    void Promise.resolve(this.script?.(scripted)).catch((error) => scripted.fail(error));
    return scripted.events();
  }

  async stop(): Promise<void> {}

  /** The turn that was given last. */
  get last(): ScriptedTurn {
    const turn = this.turns.at(-1);
    if (!turn) throw new Error("The agent was given no turn");
    return turn;
  }
}

/** Says what it was told, word by word. */
export function echo(turn: ScriptedTurn): void {
  for (const word of `You said: ${turn.turn.text}`.split(/(?<= )/)) turn.say(word);
  turn.done();
}

type Step = AgentEvent | { readonly type: "fail"; readonly error: unknown } | { readonly type: "stop" };

/** One turn, driven from outside. It ignores its signal unless the test heeds it. */
export class ScriptedTurn {
  readonly turn: AgentTurn;
  readonly signal: AbortSignal;
  /** The generator was left by its reader, or has ended. */
  left = false;
  readonly #steps: Step[] = [];
  #wake = () => {};

  constructor(turn: AgentTurn, signal: AbortSignal) {
    this.turn = turn;
    this.signal = signal;
  }

  say(content: string): void {
    this.#push({ type: "delta", content });
  }

  think(content: string): void {
    this.#push({ type: "thought", content });
  }

  tool(call_id: string, state: "running" | "done" | "failed", input?: Json): void {
    this.#push({ type: "tool", call_id, name: "look", state, ...(input === undefined ? {} : { input }) });
  }

  ask(title: string, options: readonly PermissionDecision[] = ["allow", "deny"]): Promise<PermissionDecision> {
    return new Promise((decide) => this.#push({ type: "permission", title, options, decide }));
  }

  done(usage?: Usage): void {
    this.#push({ type: "done", ...(usage ? { usage } : {}) });
  }

  /** Ends where it may say no more. */
  cut(): void {
    this.#push({ type: "done", cut: true });
  }

  fail(error: unknown): void {
    this.#push({ type: "fail", error });
  }

  /** Ends without saying that it is done. */
  stop(): void {
    this.#push({ type: "stop" });
  }

  async *events(): AsyncGenerator<AgentEvent> {
    try {
      for (;;) {
        const step = this.#steps.shift();
        if (!step) await new Promise<void>((resolve) => (this.#wake = resolve));
        else if (step.type === "fail") throw step.error;
        else if (step.type === "stop") return;
        else yield step;
      }
    } finally {
      this.left = true;
    }
  }

  #push(step: Step): void {
    this.#steps.push(step);
    this.#wake();
  }
}

/** Lets everything that can go on without time passing or a peer acting go on. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
