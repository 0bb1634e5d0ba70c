import type { PermissionDecision } from "../agent/agent.ts";
import type { SseEvent } from "../http/sse.ts";
import type { PermissionListener, PermissionRequest, Permissions } from "../runs/permissions.ts";

interface Waiting {
  readonly run_id: string;
  readonly event: SseEvent;
  /** The latest frame when it came: what was said before is shown before. */
  after: number;
}

/** The agent's questions about one run, and how they end, as server-sent events: they have no `seq` and are not kept. */
export class PermissionEvents implements PermissionListener {
  readonly #end: () => void;
  #waiting: Waiting[] = [];
  run_id: string | null = null;
  #latest = () => 0;
  #passed = 0;
  #wake = () => {};

  /** Listens from now on: make it before the run starts, for an agent that finds nobody to ask is told no at once. */
  constructor(permissions: Permissions) {
    this.#end = permissions.subscribe(this);
    for (const request of permissions.pending()) this.asked(request);
  }

  /** Says which run it is; what was asked about others is passed over. */
  of(run_id: string): this {
    this.run_id = run_id;
    this.#waiting = this.#waiting.filter((waiting) => waiting.run_id === run_id);
    return this;
  }

  /** Says where the run's frames come from. `latest`: the number of the last one by now. */
  among(latest: () => number): void {
    this.#latest = latest;
    for (const waiting of this.#waiting) waiting.after = latest();
  }

  /** Frames up to this number have been shown or passed over. */
  passed(seq: number): void {
    this.#passed = seq;
    if (this.#due) this.#wake();
  }

  asked({ request_id, run_id, session_id, title, options }: PermissionRequest): void {
    const data = { type: "permission_request", request_id, run_id, session_id, title, options };
    this.#add(data);
  }

  settled({ request_id, run_id }: PermissionRequest, decision: PermissionDecision): void {
    const data = { type: "permission", request_id, run_id, decision };
    this.#add(data);
  }

  /** Takes what is to be shown now. */
  take(): readonly SseEvent[] {
    const taken: SseEvent[] = [];
    while (this.#due) taken.push(...this.#waiting.splice(0, 1).map(({ event }) => event));
    return taken;
  }

  /** Resolves when there is something to take, or no more will come. */
  some(): Promise<undefined> {
    if (this.#due) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
  }

  stop(): void {
    this.#end();
    this.#wake();
  }

  get #due(): boolean {
    const [first] = this.#waiting;
    return first !== undefined && this.#passed >= first.after;
  }

  #add(data: { readonly type: string; readonly run_id: string }): void {
    const { type, run_id } = data;
    if (this.run_id !== null && run_id !== this.run_id) return;
    this.#waiting.push({ run_id, event: { event: type, data: JSON.stringify(data) }, after: this.#latest() });
    if (this.#due) this.#wake();
  }
}

/** The run's frames and the agent's questions, as they come; ends with the frames, and then nobody listens any more. */
export async function* withPermissions(
  frames: AsyncGenerator<SseEvent>,
  permissions: PermissionEvents,
  signal: AbortSignal,
): AsyncGenerator<SseEvent> {
  // The reader of a stream that is torn down comes back here late or never; the agent must not wait for it.
  const stop = () => permissions.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    let next = frames.next();
    while (!signal.aborted) {
      const item = await Promise.race([next, permissions.some()]);
      yield* permissions.take();
      if (!item) continue;
      if (item.done) return;
      yield item.value;
      permissions.passed(Number(item.value.id));
      next = frames.next();
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    void frames.return(undefined).catch(() => undefined); // its failure has been thrown above, or nobody is there to hear of it
  }
}
