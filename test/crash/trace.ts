/**
 * What a trace of system calls says about answers and syncs (strace -f -y, lines beginning with the thread). For each connection:
 * between the request that came in and the 2xx that went out, the write-ahead log was written and synced, and nothing was
 * written to it after the last sync.
 */
export interface Answered {
  /** 2xx answers to POST /webhook…. */
  readonly answers: number;
  /** Syncs of the write-ahead log that returned 0. */
  readonly syncs: number;
  /** Answers that went out too early, in words. */
  readonly early: readonly string[];
}

interface Call {
  readonly name: string;
  /** What stands in the parentheses, as far as it is there. */
  readonly text: string;
}

const LINE = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/;
const UNFINISHED = " <unfinished ...>";
const WAL = /-wal>/;

export function readTrace(trace: string): Answered {
  const state = new State();
  /** By thread: a call that another thread's call interrupted on paper. */
  const begun = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, tid = "", resumed, name = resumed ?? "", rest = ""] = LINE.exec(line) ?? [];
    if (name === "") continue;
    const text = resumed === undefined ? rest : `${begun.get(tid) ?? ""}${rest}`;
    if (rest.endsWith(UNFINISHED)) {
      begun.set(tid, text.slice(0, -UNFINISHED.length));
      state.begins({ name, text });
      continue;
    }
    if (resumed === undefined) state.begins({ name, text });
    state.ends({ name, text });
  }
  return state;
}

class State implements Answered {
  answers = 0;
  syncs = 0;
  readonly early: string[] = [];
  /** Writes to the log so far, and how many of them a sync has followed. */
  #written = 0;
  #synced = 0;
  /** By connection: how many writes had been made when its request came in. */
  readonly #asked = new Map<string, number>();

  /** Something goes out, or is written, at the earliest when its call begins. */
  begins({ name, text }: Call): void {
    if (/^p?write/.test(name) && WAL.test(text)) this.#written += 1;
    else if (/^(?:send|write)/.test(name) && /"HTTP\/1\.1 2\d\d/.test(text)) this.#answers(connection(text), text);
  }

  /** A sync has happened, and something has come in, at the earliest when its call ends. */
  ends({ name, text }: Call): void {
    if (/^f(?:data)?sync$/.test(name) && WAL.test(text) && / = 0$/.test(text)) {
      this.syncs += 1;
      this.#synced = this.#written;
    } else if (/^(?:recv|read)/.test(name) && text.includes('"POST /webhook')) {
      this.#asked.set(connection(text), this.#written);
    }
  }

  #answers(fd: string, text: string): void {
    const before = this.#asked.get(fd);
    if (before === undefined) return; // to another request: /pair, /health
    this.#asked.delete(fd);
    this.answers += 1;
    if (this.#written === before) this.early.push(`answered without a write: ${text}`);
    else if (this.#synced < this.#written) this.early.push(`answered before the sync: ${text}`);
  }
}

function connection(text: string): string {
  return /^(\d+)/.exec(text)?.[1] ?? "";
}
