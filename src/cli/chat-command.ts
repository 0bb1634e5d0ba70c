/** What a line of `zeroclaw chat` says to the command itself; everything else is for the agent. */
export type ChatLine =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "now"; readonly text: string }
  /** `name` is empty when none was given. */
  | { readonly kind: "session"; readonly name: string }
  | { readonly kind: "sessions" | "help" | "quit" }
  | { readonly kind: "unknown"; readonly name: string };

/** A colon, because the agent's own commands begin with a slash. */
export const CHAT_HELP = [
  ":now <text>      stop the answer under way and ask this first",
  ":session <name>  go on with another conversation",
  ":sessions        list the conversations",
  ":quit            leave; so does Ctrl+D",
  "::<text>         send a message that begins with a colon",
  "A line that ends with \\ goes on in the next one. The agent's own commands begin with a slash: /help",
];

/** Reads a line. A colon and something else than a letter, such as ":)", is a message. */
export function chatLine(line: string): ChatLine {
  if (line.startsWith("::")) return { kind: "message", text: line.slice(1) };
  const [, name, rest = ""] = /^:([a-z]+)(?:\s+([\s\S]*))?$/i.exec(line) ?? [];
  switch (name?.toLowerCase()) {
    case undefined:
      return { kind: "message", text: line };
    case "now":
      return { kind: "now", text: rest.trim() };
    case "session":
      return { kind: "session", name: rest.trim() };
    case "sessions":
    case "help":
    case "quit":
      return rest.trim() === "" ? { kind: commandOf(name) } : { kind: "unknown", name: line.trim() };
    default:
      return { kind: "unknown", name: `:${name}` };
  }
}

function commandOf(name = ""): "sessions" | "help" | "quit" {
  const lower = name.toLowerCase();
  return lower === "sessions" || lower === "quit" ? lower : "help";
}
