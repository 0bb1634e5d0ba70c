import type { LocalClient } from "./local-client.ts";
import { cell, rowsOf, timeCell } from "./rows.ts";

const SHOWN = 20;
const TITLE_CHARACTERS = 50;

/** The latest conversations, as lines; `current` is marked. @throws CommandError */
export async function listSessions(client: LocalClient, current: string): Promise<readonly string[]> {
  const path = `/api/sessions?limit=${SHOWN}`;
  const answer = await client.ask({ path, doing: "list the conversations" });
  const sessions = rowsOf(answer["sessions"]);
  if (sessions.length === 0) return ["There are no conversations yet."];
  const width = Math.max(...sessions.map((session) => cell(session, "session_id").length));
  const lines = sessions.map((session) => {
    const id = cell(session, "session_id");
    const title = Array.from(cell(session, "title")).slice(0, TITLE_CHARACTERS).join("");
    const mark = id === current ? "*" : " ";
    return `${mark} ${id.padEnd(width)}  ${timeCell(session, "updated_at")}  ${title}`.trimEnd();
  });
  return typeof answer["next"] === "string" ? [...lines, `  … the latest ${SHOWN}`] : lines;
}
