import type { ProcessEvents, SignalName } from "./process-events.ts";

/** The first two signals that ask the process to end: the first one kindly, the second one at once. */
export class Interrupts {
  readonly first: Promise<SignalName>;
  readonly second: Promise<SignalName>;
  /** Stops listening: signals end the process again. */
  readonly close: () => void;

  constructor(events: ProcessEvents, names: readonly SignalName[]) {
    const first = Promise.withResolvers<SignalName>();
    const second = Promise.withResolvers<SignalName>();
    let count = 0;
    this.first = first.promise;
    this.second = second.promise;
    this.close = events.onSignal(names, (name) => {
      count += 1;
      if (count === 1) first.resolve(name);
      else second.resolve(name);
    });
  }
}
