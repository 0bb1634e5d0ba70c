import { getEvent, listEvents } from "./events.ts";
import { addNote, listNotes } from "./notes.ts";
import { cancelReminder, listReminders, remind } from "./reminders.ts";
import { search } from "./search.ts";
import { listSessions, sendMessage } from "./sessions.ts";
import { gatewayStatus } from "./status.ts";
import type { Tool } from "./tool.ts";

/** Every tool, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [
  search,
  listEvents,
  getEvent,
  listNotes,
  addNote,
  listSessions,
  sendMessage,
  remind,
  listReminders,
  cancelReminder,
  gatewayStatus,
];
