export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

/** What happens to the process. Each method returns what ends the listening. */
export interface ProcessEvents {
  /** While anybody listens to a signal, it does not end the process by itself. */
  onSignal(names: readonly SignalName[], listener: (name: SignalName) => void): () => void;
  /** Errors that no code caught. While anybody listens, they do not end the process. */
  onFault(listener: (error: unknown) => void): () => void;
}

export const processEvents: ProcessEvents = {
  onSignal(names, listener) {
    const listeners = names.map((name) => ({ name, call: () => listener(name) }));
    for (const { name, call } of listeners) process.on(name, call);
    return () => {
      for (const { name, call } of listeners) process.off(name, call);
    };
  },
  onFault(listener) {
    process.on("uncaughtException", listener);
    process.on("unhandledRejection", listener);
    return () => {
      process.off("uncaughtException", listener);
      process.off("unhandledRejection", listener);
    };
  },
};
