import type { Clock } from "../../lib/clock.ts";
import type { EventStore, NoteStore, ReminderStore, RunStore, SearchStore, StoredDevice } from "../../store/store.ts";

/** What the operator works with. The repositories of the store and the gateway's own status fit as they are. */
export interface Desk {
  readonly clock: Pick<Clock, "now">;
  readonly events: Pick<EventStore, "list" | "get" | "counts" | "attempts">;
  readonly runs: Pick<RunStore, "get">;
  readonly search: SearchStore;
  readonly notes: NoteStore;
  readonly reminders: ReminderStore;
  devices(): Promise<readonly DeskDevice[]>;
  status(): Promise<DeskStatus>;
}

/** A paired device. Times are milliseconds since the epoch. */
export type DeskDevice = Pick<
  StoredDevice,
  "device_id" | "name" | "scope" | "created_at" | "last_seen_at" | "expires_at"
>;

/** What `/status` shows, besides the inbox, which it counts itself. */
export interface DeskStatus {
  /** `ok`, or what is wrong: `draining`, `store_unavailable`. */
  readonly status: string;
  readonly version: string;
  readonly uptime_seconds: number;
  /** Where the gateway listens: `127.0.0.1:8585`. */
  readonly address: string;
  readonly agent: { readonly kind: string; readonly model: string };
  readonly channels: readonly { readonly name: string; readonly on: boolean; readonly reason?: string }[];
  readonly sockets: { readonly open: number };
}
