import type { SearchHit } from "../../store/store.ts";
import { findHits } from "../desk/find-hits.ts";
import { keywords } from "../desk/keywords.ts";
import type { Command, CommandContext } from "./command.ts";
import { digest } from "./commands/digest.ts";
import { status } from "./commands/status.ts";
import { hitList } from "./search.ts";
import { inline } from "./untrusted.ts";

const NOT_A_MODEL =
  "I am the built-in operator, not a language model: I search the notes, events and messages of this gateway and show what is there. `/help` lists what I understand, `/agent` what connecting a model takes.";

/** Words tried one by one when nothing has all of them. */
const TRIED = 5;
const NEAREST = 5;

interface Intent {
  readonly pattern: RegExp;
  /** What it needs to see; others search instead. */
  readonly reach: Command["reach"];
  answer(context: CommandContext): string | Promise<string>;
}

// Patterns meet the whole text, in lower case and without punctuation at its end: a sentence with more in it is a search.
const INTENTS: readonly Intent[] = [
  {
    pattern: /^$|^(?:help(?: me)?|commands|what can (?:you|i) do(?: here)?)$/,
    reach: "chat",
    answer: () => "Write `/help` to see what I understand; anything else is searched for in this gateway.",
  },
  {
    pattern:
      /^(?:hi|hello|hey|hallo|greetings|good (?:morning|day|afternoon|evening))(?: there| operator| zeroclaw| you)?$/,
    reach: "chat",
    answer: () => "Hello. Ask me what happened here: any words are searched for, `/help` lists the commands.",
  },
  {
    pattern: /^(?:status|ping|how are you(?: doing)?|are you (?:ok|okay|alive|there|up|running|working))$/,
    reach: "chat",
    answer: (context) => status.run(context),
  },
  {
    pattern:
      /^(?:(?:so )?who|what|what model|which model) are you(?: using)?$|^what is your name$|^are you (?:an? |the )?(?:real )?(?:ai|llm|bot|robot|human|person|machine|model|language model|agent|operator|chatgpt|gpt|claude|gemini|llama)$/,
    reach: "chat",
    answer: () => NOT_A_MODEL,
  },
  {
    pattern: /^(?:what(?:'s| is) (?:new|up)|anything new|what(?:'s| has)? happened(?: today| here)?|news)$/,
    reach: "owner",
    answer: (context) => digest.run({ ...context, args: "" }),
  },
  {
    pattern: /^(?:please )?remind me\b.*$/s,
    reach: "chat",
    answer: () =>
      "Reminders are set with `/remind <when> <text>`, for example `/remind 10m tea` or `/remind tomorrow 9:00 stand-up`.",
  },
];

/** Whether the text is answered without looking anything up. */
export function intentOf(text: string, reach: Command["reach"]): Intent | null {
  const said = text
    .slice(0, 200)
    .trim()
    .toLowerCase()
    .replaceAll("’", "'")
    .replace(/[\s!.?,:;)]+$/, "");
  return INTENTS.find((intent) => (reach === "owner" || intent.reach === "chat") && intent.pattern.test(said)) ?? null;
}

/** Searches for what the text is about and answers with what it found; never pretends to know more. */
export async function answerFreeText(context: CommandContext, text: string): Promise<string> {
  const words = keywords(text);
  const quoted = `“${inline(text, 80)}”`;
  if (words.length === 0) return `There are no words to search for in ${quoted}. ${NOT_A_MODEL}`;
  const all = await findHits(context, words.join(" "));
  if (all.length > 0) return `${mention(all.length)} “${inline(words.join(" "), 80)}”:\n\n${listed(context, all)}`;
  const some = words.length === 1 ? [] : await nearestHits(context, words);
  if (some.length > 0)
    return `Nothing here has all of “${inline(words.join(" "), 80)}”. This comes nearest:\n\n${listed(context, some)}`;
  return `I found nothing about ${quoted}. ${NOT_A_MODEL}`;
}

function mention(n: number): string {
  return n === 1 ? "1 entry mentions" : `${n} entries mention`;
}

function listed({ now }: CommandContext, hits: readonly SearchHit[]): string {
  const hint = hits.some(({ kind }) => kind === "event") ? "\n\n`/event <id>` shows an event." : "";
  return `${hitList(hits, now)}${hint}`;
}

/** What has some of the words: most of them first, then the latest. */
async function nearestHits(context: CommandContext, words: readonly string[]): Promise<readonly SearchHit[]> {
  const longest = [...words].sort((a, b) => b.length - a.length).slice(0, TRIED);
  const found = new Map<string, { readonly hit: SearchHit; words: number }>();
  for (const word of longest) {
    for (const hit of await findHits(context, word)) {
      const key = `${hit.kind} ${hit.ref}`;
      const known = found.get(key);
      if (known) known.words += 1;
      else found.set(key, { hit, words: 1 });
    }
  }
  const ranked = [...found.values()].sort((a, b) => b.words - a.words || b.hit.at - a.hit.at);
  return ranked.slice(0, NEAREST).map(({ hit }) => hit);
}
