import { configDir } from "../config/paths.ts";
import { isObject } from "../lib/json.ts";
import { readSse } from "../lib/sse.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { LocalClient } from "./local-client.ts";
import { printableJson } from "./printable.ts";
import { cell, parseObject, type Row } from "./rows.ts";
import type { Terminal } from "./terminal.ts";

/** `zeroclaw events tail`: one line for each event, each time its state changes, until Ctrl+C. */
export async function tailEvents({ args, terminal, clock, env, events }: Context): Promise<number> {
  const dir = configDir(env);
  const abort = new AbortController();
  const stopListening = events.onSignal(["SIGINT"], () => abort.abort());
  const doing = "follow the events";
  try {
    const { body } = await new LocalClient(dir, clock).stream({ path: "/api/stream", doing }, abort.signal);
    terminal.note(terminal.noteStyle("dim", "Waiting for events. Ctrl+C ends this."));
    for await (const { type, data } of readSse(body)) {
      const frame = type === "event" ? parseObject(data) : null;
      if (!isObject(frame?.["data"])) continue;
      // Not terminal.json(): it indents for people, and this is a document a line.
      terminal.print(args.flag("json") ? printableJson(JSON.stringify(frame)) : line(terminal, frame, frame["data"]));
    }
  } catch (error) {
    if (abort.signal.aborted) return EXIT.interrupted;
    if (error instanceof CommandError || !connectionLost(error)) throw error;
  } finally {
    stopListening();
  }
  if (abort.signal.aborted) return EXIT.interrupted;
  throw new CommandError(
    `Cannot ${doing} any longer: the gateway on ${dir} closed the stream. It is stopping or restarting: zeroclaw status`,
  );
}

function connectionLost(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNRESET";
}

function line(terminal: Terminal, frame: Row, event: Row): string {
  const state = cell(event, "state");
  const time = terminal.style("dim", cell(frame, "at").slice(11, 19));
  const fields = [cell(event, "event_id"), cell(event, "source"), cell(event, "type"), cell(event, "error")];
  return `${time}  ${coloured(terminal, state)}  ${fields.join("  ")}`.trimEnd();
}

function coloured(terminal: Terminal, state: string): string {
  const text = state.padEnd(8);
  if (state === "dead") return terminal.style("red", text);
  if (state === "retrying") return terminal.style("yellow", text);
  return state === "done" ? terminal.style("green", text) : text;
}
