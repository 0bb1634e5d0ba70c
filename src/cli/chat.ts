import { configDir } from "../config/paths.ts";
import { isObject } from "../lib/json.ts";
import { LOCAL_PRINCIPAL } from "../protocol/principal.ts";
import { ownSession } from "../runs/access.ts";
import { sessionOf } from "./ask.ts";
import { Conversation } from "./chat-conversation.ts";
import { EditedChatInput, type RawMode, stdinRawMode } from "./chat-edited-input.ts";
import type { ChatInput } from "./chat-input.ts";
import { PipedChat } from "./chat-piped.ts";
import { PlainChatInput } from "./chat-plain-input.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { LocalClient } from "./local-client.ts";
import { cell } from "./rows.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `zeroclaw chat`: a conversation, line by line. Ctrl+C cancels the answer under way, once more leaves; Ctrl+D leaves.
 * `raw`: how to have every key as it is pressed.
 */
export async function chat(context: Context, raw: RawMode = stdinRawMode): Promise<number> {
  const { args, terminal, clock, env, events, input } = context;
  const client = new LocalClient(configDir(env), clock);
  const session = sessionOf(args) ?? ownSession(LOCAL_PRINCIPAL);
  const interactive = terminal.isTerminal && (await input.isTerminal());
  // Asked first, so that nobody types a message to a gateway that is not there.
  const { agent } = await client.ask({ path: "/api/status", doing: "chat" });
  const left = Promise.withResolvers<number>();
  const parts = { client, session, leave: (code: number) => left.resolve(code) };
  const keyboard = interactive ? openInput(context, raw) : null;
  const talk = keyboard ? new Conversation(context, { ...parts, input: keyboard }) : new PipedChat(context, parts);
  const stopListening = [
    events.onSignal(["SIGINT"], () => talk.interrupted()),
    // Else the process would end with the terminal in a mode that shells cannot use.
    ...(keyboard ? [events.onSignal(["SIGTERM", "SIGHUP"], () => left.resolve(EXIT.failed))] : []),
  ];
  try {
    if (keyboard) greet(terminal, isObject(agent) ? cell(agent, "kind") : "");
    return await Promise.race([talk.talk(), left.promise]);
  } finally {
    for (const stop of stopListening) stop();
    keyboard?.close();
  }
}

/** A line that can be edited, on a terminal that knows how; else lines as the terminal edits them. */
function openInput({ input, terminal, env }: Context, raw: RawMode): ChatInput {
  const term = env["TERM"] ?? "";
  const restore = term === "" || term === "dumb" ? null : raw();
  return restore ? new EditedChatInput(input, terminal, restore) : new PlainChatInput(input, terminal);
}

function greet(terminal: Terminal, agent: string): void {
  const who = agent === "" ? "the agent" : `the agent "${agent}"`;
  terminal.note(
    terminal.noteStyle("dim", `Talking to ${who}. Ctrl+C cancels an answer; Ctrl+D leaves; :help shows more.`),
  );
}
