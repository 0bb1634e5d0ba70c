import { untilAborted } from "../../lib/abort.ts";
import { sha256Hex } from "../../lib/hash.ts";
import { newId } from "../../lib/ids.ts";
import { nearest } from "../../lib/nearest.ts";
import { showFound } from "../../protocol/check.ts";
import { refused } from "./results.ts";
import { TOOLS } from "./table.ts";
import type { Tool, ToolContext } from "./tool.ts";
import type { ToolDesk } from "./tool-desk.ts";
import type { ToolResult, Tools, ToolUser } from "./tools.ts";

/** Bytes of an input, as JSON. */
const MAX_INPUT = 65_536;
/** Calls that change something, for each `openTools`: a model that goes in circles must not fill the store or a phone. */
const MAX_CHANGES = 50;

/** The tools that `user` may use, in that name. */
export function openTools(desk: ToolDesk, user: ToolUser): Tools {
  return new OpenTools(desk, user);
}

class OpenTools implements Tools {
  readonly specs: Tools["specs"];
  readonly #desk: ToolDesk;
  readonly #user: ToolUser;
  readonly #byName: ReadonlyMap<string, Tool>;
  /** How often the run has made the same call. */
  readonly #made = new Map<string, number>();
  #changes = 0;

  constructor(desk: ToolDesk, user: ToolUser) {
    const usable = TOOLS.filter(({ reach }) => user.reach === "owner" || reach === "chat");
    this.#desk = desk;
    this.#user = user;
    this.#byName = new Map(usable.map((tool) => [tool.spec.name, tool]));
    this.specs = usable.map(({ spec }) => spec);
  }

  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult> {
    signal.throwIfAborted();
    const tool = this.#byName.get(name);
    if (!tool) return this.#unknown(name);
    const text = textOf(input);
    if (text === null) return refused("The input is no JSON. Nothing was done.");
    if (Buffer.byteLength(text) > MAX_INPUT) {
      return refused(`The input is more than ${MAX_INPUT / 1_024} KB. Nothing was done: give less.`);
    }
    if (!tool.spec.readOnly) {
      if (this.#changes >= MAX_CHANGES) {
        return refused(
          `${MAX_CHANGES} changes were made already, which is as many as one answer may. Nothing was done.`,
        );
      }
      this.#changes += 1;
    }
    return untilAborted(tool.call(this.#context(name, text, signal), input), signal);
  }

  #context(name: string, input: string, signal: AbortSignal): ToolContext {
    const { reach, device_id } = this.#user;
    const now = this.#desk.clock.now();
    const id = this.#idOf(name, input) ?? newId(now);
    return { desk: this.#desk, asker: { reach, device_id }, user: this.#user, now, id, signal };
  }

  /**
   * A UUIDv7 made of the run and the call, so that a run that begins again makes the same thing under the same id. A model
   * may word things differently the second time; then it is another thing.
   */
  #idOf(name: string, input: string): string | null {
    const { run } = this.#user;
    if (run === undefined) return null;
    const call = `${name}\n${input}`;
    const nth = (this.#made.get(call) ?? 0) + 1;
    this.#made.set(call, nth);
    const hash = sha256Hex(`${run.run_id}\n${nth}\n${call}`);
    return `${run.run_id.slice(0, 13)}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
  }

  #unknown(name: string): ToolResult {
    const names = [...this.#byName.keys()];
    const meant = nearest(name, names);
    const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
    return refused(`There is no tool ${showFound(name)}.${hint} There are: ${names.join(", ")}.`);
  }
}

function textOf(input: unknown): string | null {
  try {
    return JSON.stringify(input) ?? "";
  } catch {
    return null; // what contains itself, or is too deep
  }
}
