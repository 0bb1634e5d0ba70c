import { clean } from "../../../lib/plain-text.ts";
import { MAX_REMINDER, MAX_WAITING, ownReminders, setReminder } from "../../desk/own-reminders.ts";
import { parseWhen, type When } from "../../desk/when.ts";
import type { Command } from "../command.ts";
import { absolute, grouped, relative, shortIds } from "../format.ts";
import { code, inline } from "../untrusted.ts";

const EXAMPLES =
  "`/remind 10m tea`, `/remind in 45 minutes call back`, `/remind at 17:30 go home`, `/remind tomorrow 9:00 stand-up`, `/remind 2026-12-01 09:00 renew the certificate`";

export const remind: Command = {
  name: "remind",
  args: "<when> <text>",
  summary: "say something again later, in this session",
  reach: "chat",
  looks: true,
  async run(context) {
    const { turn, args, now, zone } = context;
    const when = parseWhen(args, now, zone);
    if (!when.ok) return refusal(when, zone);
    const text = clean(when.rest).trim();
    if (text === "") return `What should I remind you of? Write it after the time: ${EXAMPLES}.`;
    if (text.length > MAX_REMINDER)
      return `A reminder holds at most ${grouped(MAX_REMINDER)} characters. Nothing was set.`;
    // Like a note's, its id is the run's: a run that begins again after a crash sets it once.
    const reminder_id = turn.run_id;
    const reminder = { reminder_id, session_id: turn.session_id, text, due_at: when.at, created_at: now };
    const due_at = await setReminder(context, reminder);
    if (due_at === null) {
      return `${MAX_WAITING} reminders of this device are waiting already. \`/forget <id>\` removes one; nothing was set.`;
    }
    return `I will remind you ${relative(due_at, now)}, at ${absolute(due_at, zone)}. \`/forget ${shortIds([reminder_id])(reminder_id)}\` takes it back.`;
  },
};

export const reminders: Command = {
  name: "reminders",
  args: "",
  summary: "what is waiting to be said",
  reach: "chat",
  looks: true,
  async run(context) {
    const { now, zone } = context;
    const found = await ownReminders(context);
    if (found.length === 0) return "No reminder is waiting. `/remind 10m tea` sets one.";
    const shown = found.slice(0, MAX_WAITING);
    const short = shortIds(shown.map(({ reminder_id }) => reminder_id));
    const lines = shown.map(
      ({ reminder_id, text, due_at }) =>
        `- ${code(short(reminder_id))}, ${relative(due_at, now)}, at ${absolute(due_at, zone)}: ${inline(text, 200)}`,
    );
    return `${lines.join("\n")}\n\n\`/forget <id>\` removes one.`;
  },
};

function refusal({ problem }: Extract<When, { ok: false }>, zone: string): string {
  if (problem === "past") return "That time is over already. Nothing was set.";
  if (problem === "far") return "That is more than ten years away. Nothing was set.";
  return `I read no time there. Write the time, then the text: ${EXAMPLES}. Times are ${zone}.`;
}
