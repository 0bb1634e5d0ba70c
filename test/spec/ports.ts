import { createServer } from "node:net";
import { GatewayProcess, type StartOptions } from "../support/gateway-process.ts";

/** Somebody else who listens on a port. */
export interface Occupant extends AsyncDisposable {
  readonly port: number;
}

/** Listens on a port of 127.0.0.1, 0 for any. When another process has it already, it is occupied all the same. */
export function occupy(port = 0): Promise<Occupant> {
  const server = createServer();
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve({ port, [Symbol.asyncDispose]: async () => undefined });
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const taken = typeof address === "object" && address !== null ? address.port : port;
      resolve({ port: taken, [Symbol.asyncDispose]: close });
    });
  });
}

const TRIES = 5;

/** Starts on a port that is chosen before; should another process take it in between, on another one. */
export async function startOnPort(
  command: readonly string[],
  optionsFor: (port: number) => StartOptions,
): Promise<{ readonly gateway: GatewayProcess; readonly port: number }> {
  for (let tried = 1; ; tried += 1) {
    const port = await freePort();
    try {
      return { gateway: await GatewayProcess.start(command, optionsFor(port)), port };
    } catch (error) {
      if (tried === TRIES || !String(error).includes("the port is in use")) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  await using occupant = await occupy();
  return occupant.port;
}
