/** Who is told of what a person types in `zeroclaw chat`. */
export interface ChatListener {
  /** A line, or a message of several. */
  line(text: string): void;
  /** Ctrl+C. */
  interrupted(): void;
  /** Whether the answer on the screen is in the middle of a line. */
  midLine(): boolean;
}

/** Where a person types, at the bottom of the conversation. */
export interface ChatInput {
  /** Tells `listener` of everything that is typed; resolves when no more comes (Ctrl+D). */
  read(listener: ChatListener): Promise<void>;
  /** Says whether an answer is under way: without one, a prompt asks for a message. */
  busy(on: boolean): void;
  /** Lets something be printed without disturbing what is being typed. */
  print(write: () => void): void;
  /** Asks for one of `words`, which their first letters stand for. Null when `signal` aborts before there is an answer. */
  choose(question: string, words: readonly string[], signal: AbortSignal): Promise<string | null>;
  /** What up and down go through, oldest first. */
  remember(lines: readonly string[]): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

export const PROMPT = "> ";

/** A question that waits for one of a few words. */
export interface Choice {
  readonly question: string;
  readonly words: readonly string[];
  readonly settle: (word: string | null) => void;
}

/** The word that a line is. It must be nothing else: whoever was typing a message when the question came has not answered it. */
export function chosen(line: string, words: readonly string[]): string | undefined {
  const typed = line.trim().toLowerCase();
  return words.find((word) => typed === word || typed === word.slice(0, 1));
}
