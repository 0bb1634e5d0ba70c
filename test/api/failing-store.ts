import { type Store, StoreUnavailable } from "../../src/store/store.ts";
import { storeWith } from "../support/services.ts";

const PARTS = ["events", "runs", "sessions", "devices", "idempotency", "lockouts", "search", "counters"] as const;

/** A disk that fills up at one moment: the n-th call of the store fails, those before and after do not. */
export class FailingStore {
  /** The calls since `arm`, such as `events.accept`. */
  calls: string[] = [];
  #failAt: number | null = null;

  /** Counts from here on; the call number `failAt` (the first is 1) is refused. */
  arm(failAt: number | null): void {
    this.calls = [];
    this.#failAt = failAt;
  }

  /** The call that was refused; null when there were not as many. */
  get failed(): string | null {
    return this.#failAt === null ? null : (this.calls[this.#failAt - 1] ?? null);
  }

  wrap(store: Store): Store {
    const parts = new Map<string, unknown>(PARTS.map((name) => [name, this.#part(name, store[name])]));
    return storeWith(store, (name) => parts.get(name));
  }

  #part(part: string, target: object): unknown {
    return new Proxy(target, {
      get: (of, name) => {
        const method: unknown = Reflect.get(of, name, of);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          this.calls.push(`${part}.${String(name)}`);
          if (this.calls.length !== this.#failAt) return method.apply(of, args);
          return Promise.reject(new StoreUnavailable("Cannot write to the store: disk full (SQLITE_FULL)"));
        };
      },
    });
  }
}
