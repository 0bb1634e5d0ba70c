import type { Json } from "../lib/json.ts";
import { pathOf } from "./keys.ts";
import { isTomlTable, parseToml } from "./toml-read.ts";

/**
 * Looks at an edited document with a parser's eyes.
 * @throws Error unless both texts are TOML and differ in the edited keys alone, which are in `after` what they should be.
 */
export function verifyEdit(before: string, after: string, edits: ReadonlyMap<string, Json | undefined>): void {
  const expected = tableOf(before, edits);
  const found = tableOf(after, edits);
  for (const [key, value] of edits) {
    const path = pathOf(key);
    put(expected, path, value);
    // Whether a table goes with its last key makes no difference.
    if (value === undefined) for (const each of [expected, found]) dropEmpty(each, path.slice(0, -1));
  }
  if (!Bun.deepEquals(expected, found, true)) {
    throw refusal(edits, "other settings would have changed with it");
  }
}

type Node = Map<string, unknown>;

/** Maps in place of tables, so that no key is special; dates, which cannot be compared, by their text. */
function tableOf(text: string, edits: ReadonlyMap<string, unknown>): Node {
  try {
    return nodeOf(parseToml(text));
  } catch (error) {
    throw refusal(edits, "the file would not be TOML", error);
  }
}

function nodeOf(table: Readonly<Record<string, unknown>>): Node {
  return new Map(Object.entries(table).map(([key, value]) => [key, comparable(value)]));
}

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (isTomlTable(value)) return nodeOf(value);
  return typeof value === "object" ? { date: String(value) } : value;
}

function put(root: Node, path: readonly string[], value: Json | undefined): void {
  let node = root;
  for (const name of path.slice(0, -1)) {
    const next = node.get(name);
    if (next instanceof Map) node = next;
    else if (value === undefined) return;
    else {
      const made: Node = new Map();
      node.set(name, made);
      node = made;
    }
  }
  const name = path.at(-1) ?? "";
  if (value === undefined) node.delete(name);
  else node.set(name, comparable(value));
}

/** Takes out the table at `path` when nothing is in it, and then the one around it likewise. */
function dropEmpty(root: Node, path: readonly string[]): void {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = path
      .slice(0, depth - 1)
      .reduce<unknown>((at, name) => (at instanceof Map ? at.get(name) : null), root);
    const name = path[depth - 1] ?? "";
    if (!(parent instanceof Map)) continue;
    const table: unknown = parent.get(name);
    if (table instanceof Map && table.size === 0) parent.delete(name);
  }
}

function refusal(edits: ReadonlyMap<string, unknown>, why: string, cause?: unknown): Error {
  const names = [...edits.keys()].map((key) => `"${key}"`).join(", ");
  return new Error(`Cannot change ${names}: ${why}. Nothing was written; edit the file by hand.`, { cause });
}
