import type { Desk, DeskDevice, DeskStatus } from "../../../../src/agent/desk/desk.ts";
import type { AgentKind } from "../../../../src/agent/operator/command.ts";
import type { EventAttempt, EventWithBody, StoredEvent } from "../../../../src/protocol/event.ts";
import type { StoredRun } from "../../../../src/protocol/run.ts";
import type {
  EventFilter,
  Page,
  SearchHit,
  SearchLimits,
  StoredNote,
  StoredReminder,
} from "../../../../src/store/store.ts";
import { ManualClock } from "../../../support/clock.ts";

/** An entry of the search, with what it may be limited by. */
export interface Entry extends Omit<SearchHit, "snippet"> {
  readonly device_id: string | null;
  readonly text: string;
}

/** The operator's world in memory: put things in, see what it does with them. */
export class FakeDesk implements Desk {
  readonly clock = new ManualClock();
  readonly stored: EventWithBody[] = [];
  readonly attemptsOf = new Map<string, EventAttempt[]>();
  readonly entries: Entry[] = [];
  readonly runsById = new Map<string, StoredRun>();
  readonly kept: StoredNote[] = [];
  readonly waiting: StoredReminder[] = [];
  readonly paired: DeskDevice[] = [];
  /** Thrown by every look into the stores. */
  fault: Error | null = null;
  /** Every page of events that was asked for. */
  readonly pages: EventFilter[] = [];

  readonly events = {
    list: async (filter: EventFilter): Promise<Page<StoredEvent>> => {
      this.#check();
      this.pages.push(filter);
      const all = this.stored
        .filter(({ source }) => filter.source === undefined || source === filter.source)
        .filter(({ received_at }) => filter.since === undefined || received_at >= filter.since)
        .sort((a, b) => (a.event_id < b.event_id ? 1 : -1));
      const start = Number(filter.after ?? 0);
      const end = start + filter.limit;
      return { items: all.slice(start, end), next: end < all.length ? String(end) : null };
    },
    get: async (event_id: string) => this.stored.find((event) => event.event_id === event_id) ?? null,
    attempts: async (event_id: string) => this.attemptsOf.get(event_id) ?? [],
    counts: async () => {
      const of = (state: string) => this.stored.filter((event) => event.state === state).length;
      const open = this.stored.filter(({ state }) => state !== "done" && state !== "dead");
      const oldest_pending_at = open.length === 0 ? null : Math.min(...open.map(({ received_at }) => received_at));
      return {
        received: of("received"),
        running: of("running"),
        retrying: of("retrying"),
        dead: of("dead"),
        oldest_pending_at,
      };
    },
  };

  readonly runs = { get: async (run_id: string) => this.runsById.get(run_id) ?? null };

  readonly search = {
    find: async (words: string, limits: SearchLimits, limit: number): Promise<readonly SearchHit[]> => {
      this.#check();
      const wanted = words
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== "");
      return this.entries
        .filter((entry) => limits.kind === undefined || entry.kind === limits.kind)
        .filter((entry) => limits.device_id === undefined || entry.device_id === limits.device_id)
        .filter((entry) => limits.session_id === undefined || entry.session_id === limits.session_id)
        .filter(({ text }) => wanted.length > 0 && wanted.every((word) => text.toLowerCase().includes(word)))
        .slice(0, limit)
        .map(({ device_id: _, text, ...hit }) => ({ ...hit, snippet: mark(text, wanted) }));
    },
  };

  readonly notes = {
    add: async (note: StoredNote): Promise<void> => {
      this.#check();
      this.kept.unshift(note);
    },
    list: async ({ device_id, limit }: { readonly device_id?: string; readonly limit: number }) => {
      this.#check();
      return this.kept.filter((note) => device_id === undefined || note.device_id === device_id).slice(0, limit);
    },
    remove: async (note_id: string) => removeFrom(this.kept, (note) => note.note_id === note_id),
  };

  readonly reminders = {
    add: async (reminder: StoredReminder): Promise<void> => {
      this.waiting.push(reminder);
    },
    pending: async (limit: number) => [...this.waiting].sort((a, b) => a.due_at - b.due_at).slice(0, limit),
    remove: async (reminder_id: string) => removeFrom(this.waiting, (each) => each.reminder_id === reminder_id),
  };

  async devices(): Promise<readonly DeskDevice[]> {
    return this.paired;
  }

  async status(): Promise<DeskStatus> {
    this.#check();
    return {
      status: "ok",
      version: "0.1.0",
      uptime_seconds: 11_100,
      address: "127.0.0.1:8585",
      agent: { kind: "operator", model: "operator" },
      channels: [
        { name: "github", on: true },
        { name: "whatsapp", on: false, reason: "app_secret is missing" },
      ],
      sockets: { open: 2 },
    };
  }

  /** Stores an event that came `agoMs` ago; its id is made of that time and a number. */
  event(agoMs: number, about: Partial<EventWithBody> & { readonly text?: string } = {}): EventWithBody {
    const { text = '{"message":"hello"}', ...rest } = about;
    const received_at = this.clock.now() - agoMs;
    const body = new TextEncoder().encode(text);
    const event: EventWithBody = {
      event_id: idAt(received_at, this.stored.length),
      source: "webhook",
      type: "message",
      delivery_id: null,
      state: "done",
      attempts: 1,
      session_id: "webhook",
      device_id: null,
      received_at,
      updated_at: received_at,
      size: body.length,
      content_type: "application/json",
      error: null,
      headers: { "content-type": "application/json" },
      body,
      purged: false,
      tries: 1,
      response: null,
      model: null,
      ...rest,
    };
    this.stored.push(event);
    return event;
  }

  #check(): void {
    if (this.fault) throw this.fault;
  }
}

export const KINDS: readonly AgentKind[] = [
  { kind: "operator", about: "the built-in operator", lines: ['kind = "operator"'] },
  { kind: "model", about: "a model", lines: ['kind = "model"', 'model = "<name>"'] },
];

/** A UUIDv7 of that millisecond; `n` tells those of the same one apart. */
export function idAt(ms: number, n = 0): string {
  const time = ms.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${n.toString(16).padStart(3, "0")}-8000-000000000000`;
}

function mark(text: string, words: readonly string[]): string {
  const pattern = new RegExp(words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|"), "giu");
  return text.replace(pattern, "\u0002$&\u0003");
}

function removeFrom<T>(list: T[], is: (item: T) => boolean): boolean {
  const index = list.findIndex(is);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
