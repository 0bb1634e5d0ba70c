import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import { isObject } from "../../lib/json.ts";
import { AgentError } from "../agent.ts";
import type { Child } from "./child.ts";

/** The longest message, in bytes. */
export const MAX_MESSAGE = 4 * 1024 * 1024;
/** What is no message may come to this many bytes in a row: a banner, a warning, a debug line. */
export const MAX_NOISE = 64 * 1024;

export interface MessageHandlers {
  /** Whenever something was written, whatever it is. */
  readonly onBytes: () => void;
  /** The parameters of a `session/update`, in the order they came, before whatever follows them. */
  readonly onUpdate: (params: unknown) => void;
  /** Once: the output has ended, or (with an error) cannot be followed any more. */
  readonly onEnd: (error: AgentError | null) => void;
}

/**
 * An agent's stdin and stdout as the SDK's stream of messages. The SDK gets requests, and the responses that it waits for.
 * Updates go to `onUpdate` at once: the SDK hands them out after the response that ends their turn. Everything else is
 * dropped, because the SDK writes what it does not expect to the console, which is not ours to write on.
 */
export function messageStream(child: Pick<Child, "stdout" | "write">, handlers: MessageHandlers): Stream {
  const awaited = new Set<unknown>();
  return {
    readable: new ReadableStream<AnyMessage>({
      start(controller) {
        const onMessage = (message: Record<string, unknown>) => {
          if (message["method"] === "session/update" && !("id" in message)) handlers.onUpdate(message["params"]);
          // as: what the SDK takes is checked by `isForSdk`, and again by itself.
          else if (isForSdk(message, awaited)) controller.enqueue(message as AnyMessage);
        };
        void follow(child.stdout, handlers.onBytes, onMessage).then(handlers.onEnd);
      },
    }),
    writable: new WritableStream<AnyMessage>({
      write(message) {
        if ("method" in message && "id" in message) awaited.add(message.id);
        // A pipe that is broken belongs to a process that has ended, which is told by its end.
        return child.write(`${JSON.stringify(message)}\n`).catch(() => undefined);
      },
    }),
  };
}

function isForSdk(message: Record<string, unknown>, awaited: Set<unknown>): boolean {
  if (typeof message["method"] === "string") return "id" in message || message["method"] === "$/cancel_request";
  return awaited.delete(message["id"]);
}

/** Reads messages until the output ends; the error, a crash like any other, when it cannot go on. Never rejects. */
async function follow(
  stdout: ReadableStream<Uint8Array>,
  onBytes: () => void,
  onMessage: (message: Record<string, unknown>) => void,
): Promise<AgentError | null> {
  let noise = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of stdout) {
      onBytes();
      for (let from = 0; from < chunk.length; ) {
        const end = chunk.indexOf(0x0a, from);
        const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
        held.push(piece);
        heldBytes += piece.length;
        if (heldBytes > MAX_MESSAGE) return tooLong();
        from = end < 0 ? chunk.length : end + 1;
        if (end < 0) break;
        const message = parse(Buffer.concat(held));
        noise = message === null ? noise + heldBytes + 1 : 0;
        [held, heldBytes] = [[], 0];
        if (message !== null) onMessage(message);
        else if (noise > MAX_NOISE) return tooMuchNoise();
      }
    }
  } catch {
    // The pipe broke with its process, which is told by how that ended.
  }
  return null;
}

/** Null: no message of JSON-RPC 2.0. */
function parse(line: Buffer): Record<string, unknown> | null {
  try {
    const message: unknown = JSON.parse(line.toString());
    return isObject(message) && message["jsonrpc"] === "2.0" ? message : null;
  } catch {
    return null;
  }
}

function tooLong(): AgentError {
  return new AgentError(
    `The agent sent a message longer than ${MAX_MESSAGE / 1024 / 1024} MB, so its process was ended.`,
  );
}

function tooMuchNoise(): AgentError {
  return new AgentError(
    `The agent wrote more than ${MAX_NOISE / 1024} KB to its stdout that is no Agent Client Protocol, so its process was ended. ` +
      'Does agent.command lack an argument, such as "acp" or "--acp"?',
  );
}
