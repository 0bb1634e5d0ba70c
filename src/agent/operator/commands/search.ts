import { findHits } from "../../desk/find-hits.ts";
import type { Command } from "../command.ts";
import { count } from "../format.ts";
import { hitList } from "../search.ts";
import { inline } from "../untrusted.ts";

const MAX_WORDS = 1_000;

export const search: Command = {
  name: "search",
  args: "<words>",
  summary: "what has all the words: notes, events, messages",
  reach: "chat",
  looks: true,
  async run(context) {
    const words = context.args.slice(0, MAX_WORDS).toWellFormed();
    if (words === "") return "Write the words after the command, for example `/search deploy failed`.";
    const hits = await findHits(context, words);
    const quoted = `“${inline(words, 80)}”`;
    if (hits.length === 0) {
      return `Nothing has all the words of ${quoted}. Try fewer words, or their beginnings in another form; what arrives now is found once it has been answered.`;
    }
    const hint = hits.some(({ kind }) => kind === "event") ? "\n\n`/event <id>` shows an event." : "";
    return `${count(hits.length, "result")} for ${quoted}, the best of each kind:\n\n${hitList(hits, context.now)}${hint}`;
  },
};
