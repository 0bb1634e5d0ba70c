/** Frames of one socket that may wait for an earlier one; the next is refused. */
export const MAX_WAITING_FRAMES = 64;

/** Neither throws nor rejects. */
type Task = () => void | Promise<void>;

/** One thing after the other: a task begins when those before it have ended, at once when there are none. */
export class Turns {
  #waiting: Task[] = [];
  #busy = false;

  /** False when too many wait already. */
  take(task: Task): boolean {
    if (this.#waiting.length >= MAX_WAITING_FRAMES) return false;
    this.#waiting.push(task);
    if (!this.#busy) this.#work();
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }

  #work(): void {
    this.#busy = true;
    for (let task = this.#waiting.shift(); task; task = this.#waiting.shift()) {
      const pending = task();
      // A task that is done at once does not make the next one wait for a turn of the event loop.
      if (pending) return void pending.then(() => this.#work());
    }
    this.#busy = false;
  }
}
