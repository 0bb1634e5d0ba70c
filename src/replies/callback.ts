import type { Clock } from "../lib/clock.ts";
import { signStandardWebhook } from "../lib/standard-webhooks.ts";
import { VERSION } from "../lib/version.ts";
import { REPLY_HEADER, type StoredReply } from "../protocol/reply.ts";
import type { Answer, GuardedFetch } from "./guarded-fetch.ts";
import { retryAfterMs } from "./retry-after.ts";
import { excerpt, SEND_TIMEOUT_MS, type Sender, type SendResult } from "./sender.ts";

export interface CallbackOptions {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** The channel's name, for what is said about it. */
  readonly channel: string;
  readonly url: string;
  readonly secret: string;
  readonly allowPrivate: boolean;
}

/**
 * Posts answers to the channel's `reply_url`, signed as Standard Webhooks 1.0.0. `webhook-id` is the reply's id in every
 * attempt, so a receiver that has seen it can drop the second: what is not known to have arrived is sent again.
 */
export class CallbackSender implements Sender {
  readonly #options: CallbackOptions;

  constructor(options: CallbackOptions) {
    this.#options = options;
  }

  async send(reply: StoredReply): Promise<SendResult> {
    const { fetch, clock, channel, url, secret, allowPrivate } = this.#options;
    const body = new TextEncoder().encode(JSON.stringify(messageOf(reply)));
    const timestamp = Math.floor(clock.now() / 1_000);
    const headers = {
      "content-type": "application/json",
      "user-agent": `zeroclaw/${VERSION}`,
      [REPLY_HEADER]: reply.event_id,
      "webhook-id": reply.reply_id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signStandardWebhook(secret, reply.reply_id, timestamp, body),
    };
    const answer = await fetch(url, { method: "POST", headers, body }, { allowPrivate, timeoutMs: SEND_TIMEOUT_MS });
    if (answer.ok) return this.#judge(answer);
    if (answer.permanent) return { kind: "dead", detail: `"channels.${channel}.reply_url": ${answer.detail}` };
    return { kind: "retry", detail: answer.detail };
  }

  async interrupted(): Promise<SendResult> {
    return { kind: "retry", detail: "Sending was cut off; it is sent again with the same webhook-id" };
  }

  /** Standard Webhooks 1.0.0, "Deliverability and reliability": 2xx is success, 410 says never again, all else is failure. */
  #judge({ status, headers, body }: Answer): SendResult {
    const { clock, channel, secret } = this.#options;
    if (status >= 200 && status < 300) return { kind: "sent", detail: `Answered ${status}` };
    const text = excerpt(body, [secret]);
    const said = `Answered ${status}${text === "" ? "" : `, "${text}"`}`;
    if (status === 410) {
      return { kind: "dead", detail: `${said}: it takes no more answers; change "channels.${channel}.reply_url"` };
    }
    if (status >= 300 && status < 400) {
      const detail = `Answered ${status}, a redirect, which is not followed: set "channels.${channel}.reply_url" to where it leads`;
      return { kind: "retry", detail };
    }
    const after = retryAfterMs(headers, clock.now());
    return { kind: "retry", detail: said, ...(after !== undefined && { retryAfterMs: after }) };
  }
}

function messageOf({ event_id, run_id, source, session_id, content, model }: StoredReply) {
  return { type: "reply", event_id, run_id, source, session_id, content, model };
}
