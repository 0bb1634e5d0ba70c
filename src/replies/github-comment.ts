import { marker } from "../lib/github-marker.ts";
import { cut } from "../lib/plain-text.ts";
import type { StoredReply } from "../protocol/reply.ts";

/** GitHub's limit of a comment. It counts characters, this counts UTF-16 units, which are never fewer. */
const MAX_COMMENT = 65_536;
const CUT_NOTE = "\n\n*(The rest is too long for a comment.)*";

/**
 * The comment that answers. It begins with two hidden marks: the event's, by which comments of ours are known, and the
 * reply's, by which a retry finds this very comment. They stand first, where no unclosed code block can make them visible.
 */
export function commentOf(reply: StoredReply): string {
  const marks = `${marker(reply.event_id)}\n${markOfReply(reply)}\n`;
  const text = withoutMentions(reply.content.toWellFormed());
  const room = MAX_COMMENT - marks.length;
  return `${marks}${text.length <= room ? text : `${cut(text, room - CUT_NOTE.length)}${CUT_NOTE}`}`;
}

/** Nobody can know it before the comment is written, so nobody can pretend that it is there. */
export function markOfReply({ reply_id }: StoredReply): string {
  return marker(reply_id);
}

/** As GitHub sees it: not after a letter or digit, as in an e-mail address, and before a name's first character. */
const MENTION = /(?<![A-Za-z0-9])@(?=[A-Za-z0-9])/g;
const ZERO_WIDTH_SPACE = "\u200b";
/** A code block as it is certainly one for GitHub too (CommonMark 0.31 §4.5): at the line's beginning, of backticks. */
const FENCE = /^(`{3,})[^`]*$/;
/** What could make a later line of backticks something else than the beginning of a code block. */
const DOUBT = /<|^\s*>|~~~|\$\$|^\s+.*```|^\s*[-+*\d].*```/;

/**
 * Breaks every mention with a zero-width space: a stranger's issue must not make the agent call a whole team. Code blocks
 * are left as they are, for copying, until something comes that GitHub might read differently.
 */
export function withoutMentions(text: string): string {
  let fence: string | null = null;
  let doubt = false;
  const parts = text.split(/(\r\n|\n|\r)/);
  for (const [i, line] of parts.entries()) {
    if (i % 2 === 1) continue; // a line's end
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
      continue;
    }
    const opens = doubt ? null : FENCE.exec(line);
    if (opens) fence = opens[1]!;
    else doubt ||= DOUBT.test(line);
    parts[i] = line.replace(MENTION, `@${ZERO_WIDTH_SPACE}`);
  }
  return parts.join("");
}

function closes(line: string, fence: string): boolean {
  const ticks = /^ {0,3}(`{3,})[ \t]*$/.exec(line)?.[1];
  return ticks !== undefined && ticks.length >= fence.length;
}
