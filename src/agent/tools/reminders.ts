import { clean } from "../../lib/plain-text.ts";
import { rfc3339 } from "../../lib/time.ts";
import { showFound } from "../../protocol/check.ts";
import type { StoredReminder } from "../../store/store.ts";
import { MAX_WAITING, ownReminders, setReminder } from "../desk/own-reminders.ts";
import { parseWhen, type When } from "../desk/when.ts";
import { listed, refused, shown, told } from "./results.ts";
import { makeTool, type ToolContext } from "./tool.ts";

const LIMIT = 50;
const CANDIDATES = 5;

export const remind = makeTool("tool_remind", {
  name: "remind",
  title: "Set a reminder",
  about:
    "Says something later, in this conversation or another of the user's. Gives back when: tell the user that time. It is not sent to channels such as WhatsApp.",
  reach: "chat",
  readOnly: false,
  fields: {
    when: "10m, 2h30m, in 45 minutes, at 17:30, tomorrow 9:00, 2026-12-01 09:00, or 2026-12-01T09:00:00+01:00. Clock times without an offset are UTC.",
    text: "What to say then.",
    session_id: "Another conversation to say it in. Left out: this one.",
  },
  async run(context, { when, text, session_id = context.user.session_id }) {
    const at = parseWhen(when, context.now);
    if (!at.ok) return refused(badTime(at, when));
    if (at.rest !== "")
      return refused(`"when" must be a time and nothing else (found ${showFound(when)}). Nothing was set.`);
    const said = clean(text).trim();
    if (said === "") return refused('"text" is empty. Nothing was set.');
    const obstacle = await obstacleTo(context, session_id);
    if (obstacle !== null) return refused(obstacle);
    const { id: reminder_id, now: created_at } = context;
    const due_at = await setReminder(context, { reminder_id, session_id, text: said, due_at: at.at, created_at });
    if (due_at === null) {
      return refused(`${MAX_WAITING} reminders are waiting already. Nothing was set: cancel_reminder removes one.`);
    }
    return told({ reminder_id, due_at: rfc3339(due_at), session_id });
  },
});

export const listReminders = makeTool("tool_list_reminders", {
  name: "list_reminders",
  title: "List reminders",
  about: "Lists the reminders that are still to come, soonest first.",
  reach: "chat",
  readOnly: true,
  fields: { limit: `How many, at most. Left out: ${LIMIT}.` },
  async run(context, { limit = LIMIT }) {
    const found = await ownReminders(context);
    return listed("reminders", found.slice(0, limit).map(row), found.length > limit, "give a larger limit.");
  },
});

export const cancelReminder = makeTool("tool_cancel_reminder", {
  name: "cancel_reminder",
  title: "Cancel a reminder",
  about: "Removes a reminder that is still to come.",
  reach: "chat",
  readOnly: false,
  destructive: true,
  fields: { id: "The reminder's id, or 4 or more characters of its beginning." },
  async run(context, { id }) {
    const wanted = id.toLowerCase();
    const found = (await ownReminders(context)).filter(({ reminder_id }) => reminder_id.startsWith(wanted));
    const [first, ...others] = found;
    if (!first) return refused(`No reminder has an id beginning with ${showFound(id)}. list_reminders shows them.`);
    if (others.length > 0) {
      const ids = found.slice(0, CANDIDATES).map(({ reminder_id }) => reminder_id);
      return refused(
        `${found.length} reminders begin with ${showFound(id)}, such as ${ids.join(", ")}. None was removed.`,
      );
    }
    if (!(await context.desk.reminders.remove(first.reminder_id))) return refused("It was given just now.");
    return told({ cancelled: row(first) });
  },
});

/** Why nothing can be said in a conversation later; null when it can. A new one of the user's own may not exist yet. */
async function obstacleTo({ desk, user }: ToolContext, session_id: string): Promise<string | null> {
  if (session_id === user.session_id) return null;
  const session = await desk.sessions.get(session_id);
  if (!session || (user.reach === "chat" && session.device_id !== user.device_id)) {
    return `There is no conversation "${session_id}" that reminders can go to. list_sessions shows them. Nothing was set.`;
  }
  if (session.device_id !== null) return null;
  return `"${session_id}" is a channel's conversation, where a reminder would reach nobody. Nothing was set.`;
}

function badTime({ problem }: Extract<When, { ok: false }>, when: string): string {
  if (problem === "past") return `${showFound(when)} is over already. Nothing was set.`;
  if (problem === "far") return `${showFound(when)} is more than ten years away. Nothing was set.`;
  return `${showFound(when)} is no time. Write it as 10m, at 17:30, tomorrow 9:00 or 2026-12-01T09:00:00Z. Nothing was set.`;
}

function row({ reminder_id, session_id, text, due_at }: StoredReminder) {
  return { reminder_id, due_at: rfc3339(due_at), session_id, text: shown(text, 1_000) };
}
