import { rmSync } from "node:fs";
import type { WebSocketHandler } from "bun";
import type { SocketData } from "../ws/hub.ts";
import { portOwner } from "./port-owner.ts";
import { StartError } from "./start-error.ts";
import { IDLE_SECONDS, type RequestServer } from "./visit.ts";

/**
 * Bun's own cap, far above ours: it answers without a body and without asking, so ours are enforced while reading. What is
 * larger than this never reaches the handler (docs/limits.md).
 */
const BACKSTOP_BYTES = 8 * 1024 * 1024;
/** Above the largest body that is taken, so that what is a little too large is told so, and kept as refused. */
const BACKSTOP_FACTOR = 2;

/** Longest path of a Unix socket (sun_path in unix(7), with its final zero). */
const MAX_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

export type Server = Bun.Server<SocketData>;
export type FetchHandler = (request: Request, server: Server) => Promise<Response | undefined>;
export type LocalFetchHandler = (request: Request, server: RequestServer) => Promise<Response | undefined>;

/** Opens the port. @throws StartError saying who has it, or what else is wrong with the address */
export function listen(
  hostname: string,
  port: number,
  fetch: FetchHandler,
  websocket: WebSocketHandler<SocketData>,
  largestBody = 0,
): Server {
  try {
    return Bun.serve({
      hostname: bare(hostname),
      port,
      fetch,
      websocket,
      error: lastResort,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: Math.max(BACKSTOP_BYTES, BACKSTOP_FACTOR * largestBody),
      development: false,
      // Bun turns this on together with `development: false`: a second gateway would then share the port silently.
      reusePort: false,
    });
  } catch (error) {
    throw new StartError(explain(hostname, port, error), { cause: error });
  }
}

/** Opens the Unix socket for this machine's commands, for its user alone; or says why that is not possible. */
export function listenLocal(
  path: string,
  fetch: LocalFetchHandler,
): { readonly server: Pick<Server, "stop"> } | { readonly reason: string } {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    return { reason: `its path is longer than the ${MAX_SOCKET_PATH} bytes the system allows: ${path}` };
  }
  const mask = process.umask(0o177); // the socket is made with mode 0600: there is no moment in which others could open it
  try {
    rmSync(path, { force: true }); // left by a process that was killed; the folder's lock is ours, so nobody uses it
    const server = Bun.serve({
      unix: path,
      fetch: async (request, server) => (await fetch(request, server)) ?? noSocketHere(),
      error: lastResort,
      maxRequestBodySize: BACKSTOP_BYTES,
      development: false,
    });
    return { server };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    process.umask(mask);
  }
}

/** The commands speak HTTP; sockets come through the port. */
function noSocketHere(): Response {
  return new Response(null, { status: 426 });
}

/** The pipeline never throws; if it does, the client learns nothing of why. */
function lastResort(): Response {
  return new Response("Something went wrong in the gateway.\n", { status: 500 });
}

function bare(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/** Why a port could not be opened, in the words of who has to do something about it. */
export function explain(host: string, port: number, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const doing = `Cannot listen on ${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
  if (code === "EADDRINUSE") {
    const owner = portOwner(port);
    const who = owner ? `the port is in use by ${owner.name} (pid ${owner.pid})` : "the port is in use";
    return `${doing}: ${who}. Stop that program, choose another port (zeroclaw gateway -p 9090), or take any free one: zeroclaw gateway -p 0`;
  }
  if (code === "EACCES") {
    return `${doing}: permission denied. Ports below 1024 need special rights. Choose a higher one: zeroclaw gateway -p 8585`;
  }
  if (code === "EADDRNOTAVAIL") {
    return `${doing}: this machine has no such address. Use one of its own (ip addr shows them), 127.0.0.1, or 0.0.0.0 for all: zeroclaw gateway --host 127.0.0.1`;
  }
  // Which of the three it is depends on what the resolver did not find.
  if (code === "EINVAL" || code === "ENOTFOUND" || code === "ENOENT") {
    return `${doing}: "${host}" is no address and no host name that can be resolved. Try: zeroclaw gateway --host 127.0.0.1`;
  }
  return `${doing}: ${error instanceof Error ? error.message : String(error)}. Try another address: zeroclaw gateway --host 127.0.0.1 -p 0`;
}
