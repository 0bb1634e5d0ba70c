import type { Terminal } from "./terminal.ts";

/** Text under a title, indented; nothing when there is no text. */
export function section(terminal: Terminal, title: string, text: string): string {
  if (text === "") return "";
  return `${terminal.style("bold", title)}\n${text.replace(/^(?=.)/gm, "  ").trimEnd()}\n`;
}
