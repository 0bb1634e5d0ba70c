import type { Clock, Timer } from "../lib/clock.ts";
import { ConfigError } from "./config-error.ts";
import { type Disk, systemDisk } from "./disk.ts";
import { FileWatcher } from "./file-watcher.ts";
import { problemsOfFile } from "./load.ts";
import { readConfigFile } from "./read-file.ts";
import { isTomlTable, parseToml } from "./toml-read.ts";

const KEY = "gateway.paired_tokens";

/** `gateway.paired_tokens` in config.toml, which a person may edit at any moment. */
export class TokenFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #disk: Disk;
  /** What the owner of this object believes the file to hold; null before it was read. */
  #known: readonly string[] | null = null;
  /** Reads and writes wait for each other, so that none sees the file between two states of this object. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, clock: Clock, disk: Disk = systemDisk) {
    this.#path = path;
    this.#clock = clock;
    this.#disk = disk;
  }

  /** The entries as they are written. Without a file there are none. @throws ConfigError when the list cannot be read. */
  read(): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const { text } = readConfigFile(this.#path, this.#path);
      this.#known = await entriesOf(text, this.#path);
      return this.#known;
    });
  }

  /**
   * Makes the list `entries`; nothing else in the file changes. What a person has added or taken out since the last read
   * stays so, and a watcher then hears of it.
   * @throws ConfigReadOnly when the file cannot be written; ConfigError when it, or an entry, is not as it must be.
   */
  write(entries: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const base = this.#known;
      const editsOf = (text: string) => new Map([[KEY, merged(base, rawEntries(text), entries)]]);
      const { editConfigWith } = await import("./edit.ts"); // most starts change nothing
      await editConfigWith(this.#path, editsOf, { clock: this.#clock, disk: this.#disk });
      this.#known = [...entries];
    });
  }

  /**
   * Calls `onChange` when the list differs from the one that was last read, written or told, within 600 ms. While the
   * file is broken, empty or gone the last good list stands; `onError` hears of that once, until it is whole again.
   */
  watch(onChange: (entries: readonly string[]) => void, onError: (error: unknown) => void = () => {}): Timer {
    let broken = false;
    return new FileWatcher(this.#path, this.#clock, (cancelled) =>
      this.#inTurn(async () => {
        try {
          const entries = await this.#wholeEntries();
          broken = false;
          if (cancelled() || (this.#known !== null && sameList(entries, this.#known))) return;
          this.#known = entries;
          onChange(entries);
        } catch (error) {
          if (!broken && !cancelled()) onError(error);
          broken = true;
        }
      }),
    );
  }

  async #wholeEntries(): Promise<readonly string[]> {
    const { text, exists } = readConfigFile(this.#path, this.#path);
    // To end every device somebody empties the list; a file without a word is one that was lost.
    if (exists && text.trim() !== "") return await entriesOf(text, this.#path);
    const detail = `the file is ${exists ? "empty" : "gone"}; paired devices stay as they were`;
    throw new ConfigError("Cannot read the paired tokens", [{ key: KEY, where: this.#path, detail }]);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {}); // told to whoever asked for it
    return result;
  }
}

/** @throws ConfigError when the text is no TOML or the list holds something else than hashes and tokens. */
async function entriesOf(text: string, where: string): Promise<readonly string[]> {
  const problems = await problemsOfFile(text, where);
  const [first, ...rest] = problems.filter(({ key }) => key === KEY || key === "gateway");
  if (first !== undefined) throw new ConfigError("Cannot read the paired tokens", [first, ...rest]);
  return rawEntries(text);
}

function rawEntries(text: string): readonly string[] {
  const gateway = parseToml(text)["gateway"];
  const list: unknown = isTomlTable(gateway) ? gateway["paired_tokens"] : undefined;
  return Array.isArray(list) ? list.map(String) : [];
}

/** `current` with what became different from `base` to `wanted`. */
function merged(
  base: readonly string[] | null,
  current: readonly string[],
  wanted: readonly string[],
): readonly string[] {
  if (base === null) return wanted;
  const removed = new Set(base.filter((entry) => !wanted.includes(entry)));
  const kept = current.filter((entry) => !removed.has(entry));
  return [...kept, ...wanted.filter((entry) => !base.includes(entry) && !kept.includes(entry))];
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i]);
}
