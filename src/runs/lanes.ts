/** Messages that may wait in one session; the next one is refused. */
export const MAX_WAITING = 32;

type Task = () => Promise<void>;

/** One task at a time in each session, in the order they came; sessions do not wait for each other. */
export class Lanes {
  readonly #lanes = new Map<string, Task[]>();

  /** Whether a task of this session would start at once. */
  free(session_id: string): boolean {
    return !this.#lanes.has(session_id);
  }

  full(session_id: string): boolean {
    return (this.#lanes.get(session_id)?.length ?? 0) > MAX_WAITING;
  }

  get busy(): number {
    return this.#lanes.size;
  }

  /** Runs `task` after those that came before it in its session; `next`: right after the one that runs. Tasks must not reject. */
  enter(session_id: string, task: Task, next = false): void {
    const lane = this.#lanes.get(session_id);
    if (lane) {
      if (next) lane.splice(1, 0, task);
      else lane.push(task);
      return;
    }
    const fresh: Task[] = [task];
    this.#lanes.set(session_id, fresh);
    void this.#work(session_id, fresh);
  }

  /** Takes out a task that has not begun: somebody else does it. */
  leave(session_id: string, task: Task): void {
    const lane = this.#lanes.get(session_id);
    const place = lane?.indexOf(task) ?? -1;
    if (place > 0) lane?.splice(place, 1);
  }

  async #work(session_id: string, lane: Task[]): Promise<void> {
    try {
      for (let task = lane[0]; task; task = lane[0]) {
        await task();
        lane.shift();
      }
    } finally {
      this.#lanes.delete(session_id);
    }
  }
}
