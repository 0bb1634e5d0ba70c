/** Stands in every callback, so that a gateway which is sent one does not answer it. */
export const REPLY_HEADER = "zeroclaw-reply";

/**
 * Where an answer stands on its way back. pending → sending → sent | retrying → dead. `uncertain`: it may have arrived or
 * not, and sending it twice would be worse than not at all; it is not sent again by itself.
 */
export type ReplyState = "pending" | "sending" | "retrying" | "sent" | "uncertain" | "dead";

/** Where an answer goes. Stored with the reply, so it must stay readable by later versions. */
export type ReplyTarget =
  | {
      readonly kind: "whatsapp";
      /** The `phone_number_id` that was written to, and answers. */
      readonly phone_number_id: string;
      /** The sender's number or user id. */
      readonly to: string;
      /** The wamid that is answered. */
      readonly message_id: string;
    }
  | {
      readonly kind: "github";
      /** `owner/name`. */
      readonly repository: string;
      /** Of the issue or pull request. */
      readonly number: number;
    }
  /** The channel's `reply_url`. */
  | { readonly kind: "callback" };

/** An answer on its way, as it is stored. Times are milliseconds since the epoch. */
export interface StoredReply {
  readonly reply_id: string;
  readonly event_id: string;
  readonly run_id: string;
  readonly source: string;
  readonly session_id: string;
  readonly target: ReplyTarget;
  /** The agent's whole answer. */
  readonly content: string;
  readonly model: string | null;
  readonly state: ReplyState;
  /** Attempts begun. */
  readonly attempts: number;
  /** Of an answer that goes out in several messages: how many are known to have arrived. */
  readonly parts_sent: number;
  /** What the last attempt said: the id of the message made, or the error. */
  readonly detail: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** What `GET /api/events/{id}` shows of an event's answer on its way back. */
export interface ReplyRow {
  readonly reply_id: string;
  readonly to: ReplyTarget["kind"];
  readonly state: ReplyState;
  readonly attempts: number;
  readonly detail?: string;
  readonly updated_at: string;
}
