// Words that a question is made of, and not what it is about.
const COMMON = new Set(
  (
    "a about after again all also am an and any are as at be been before but by can could did do does done for from get " +
    "give got had has have he her here him his how i if in into is it its just last like list look me might more most my " +
    "no not of on once one or our out over please recent say see she should show so some tell than that the their them " +
    "then there these they this those to today too up us was we were what when where which who why will with would yes " +
    "yesterday you your find search anything something happened happen"
  ).split(" "),
);

const MAX_TEXT = 2_000;
const MAX_WORDS = 8;

/** What a question is about: its words without those that every question has; at most 8, in their order. */
export function keywords(text: string): readonly string[] {
  const words = text.slice(0, MAX_TEXT).toWellFormed().split(/\s+/u).map(bare);
  const unique = [...new Map(words.filter((word) => word !== "").map((word) => [word.toLowerCase(), word])).values()];
  const telling = unique.filter((word) => !COMMON.has(word.toLowerCase().replace(/['’]s$/, "")));
  return (telling.length === 0 ? unique : telling).slice(0, MAX_WORDS);
}

/** A word without the punctuation around it; "" when nothing else is left. */
function bare(word: string): string {
  return word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
}
