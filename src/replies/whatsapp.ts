import type { Clock } from "../lib/clock.ts";
import type { ReplyTarget, StoredReply } from "../protocol/reply.ts";
import { passes, readGraphError, readMessageId, remedy } from "./graph-error.ts";
import type { Answer, GuardedFetch } from "./guarded-fetch.ts";
import { retryAfterMs } from "./retry-after.ts";
import { excerpt, SEND_TIMEOUT_MS, type Sender, type SendResult } from "./sender.ts";
import { splitText } from "./split-text.ts";

type WhatsAppTarget = Extract<ReplyTarget, { readonly kind: "whatsapp" }>;

/** The Cloud API's limit of a text message's body. */
const MAX_MESSAGE = 4_096;
/** Nobody reads more on a telephone, and a stranger may have asked for it. The whole answer stays with the event. */
const MAX_MESSAGES = 10;
const CUT_NOTE = "\n\n… (the rest is too long for WhatsApp)";

export interface WhatsAppOptions {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** `https://graph.facebook.com/v24.0`, without a slash at its end. */
  readonly graphUrl: string;
  readonly accessToken: string;
  readonly allowPrivate: boolean;
}

/**
 * Answers with text messages (Cloud API, `POST /{phone_number_id}/messages`). The API has no key that would make a second
 * attempt harmless, so a message whose outcome is not known is not sent again.
 */
export class WhatsAppSender implements Sender {
  readonly #options: WhatsAppOptions;

  constructor(options: WhatsAppOptions) {
    this.#options = options;
  }

  async send(reply: StoredReply, partSent: () => Promise<void>): Promise<SendResult> {
    const { target } = reply;
    if (target.kind !== "whatsapp") return { kind: "dead", detail: "The reply is not for WhatsApp" };
    if (!/^\d{1,32}$/.test(target.phone_number_id)) {
      return { kind: "dead", detail: `"${target.phone_number_id}" is no phone_number_id` };
    }
    const messages = messagesOf(reply.content);
    if (messages.length === 0) return { kind: "dead", detail: "The answer is empty: there is nothing to send" };
    let detail = `all ${messages.length} messages had arrived before`;
    for (const [i, text] of messages.entries()) {
      if (i < reply.parts_sent) continue;
      const result = await this.#post(target, text, i === 0);
      if (result.kind !== "sent") return { ...result, detail: ofPart(result.detail, i, messages.length) };
      detail = result.detail;
      await partSent();
    }
    return { kind: "sent", detail };
  }

  async interrupted(reply: StoredReply): Promise<SendResult> {
    const { length } = messagesOf(reply.content);
    if (length > 0 && reply.parts_sent >= length) return { kind: "sent", detail: "all of it had arrived" };
    const detail = "Sending was cut off, so it may have arrived or not; it is not sent again by itself";
    return { kind: "uncertain", detail: ofPart(detail, reply.parts_sent, length) };
  }

  async #post(target: WhatsAppTarget, text: string, first: boolean): Promise<SendResult> {
    const { fetch, graphUrl, accessToken, allowPrivate } = this.#options;
    const answer = await fetch(
      `${graphUrl}/${target.phone_number_id}/messages`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
        body: new TextEncoder().encode(JSON.stringify(messageTo(target, text, first))),
      },
      { allowPrivate, timeoutMs: SEND_TIMEOUT_MS },
    );
    if (answer.ok) return this.#judge(answer);
    if (answer.permanent) return { kind: "dead", detail: `"channels.whatsapp.graph_url": ${answer.detail}` };
    if (answer.reached === "not_sent") return { kind: "retry", detail: answer.detail };
    return { kind: "uncertain", detail: `${answer.detail}; it may have arrived, so it is not sent again by itself` };
  }

  #judge({ status, headers, body }: Answer): SendResult {
    const { accessToken, clock } = this.#options;
    const id = status >= 200 && status < 300 ? readMessageId(body) : null;
    if (id !== null) return { kind: "sent", detail: excerpt(id, [accessToken]) };
    const error = readGraphError(body);
    const said = error ? `Meta's error ${error.code}, "${excerpt(error.message, [accessToken])}"` : `status ${status}`;
    const after = retryAfterMs(headers, clock.now());
    // A Graph error says that the message was not accepted. Its code counts more than the status (Cloud API, "Error codes").
    if (status === 429 || (error && (passes(error) || status >= 500))) {
      return { kind: "retry", detail: said, ...(after !== undefined && { retryAfterMs: after }) };
    }
    if (error) return { kind: "dead", detail: `${said}: ${remedy(error)}` };
    if (status >= 300 && status < 500) {
      return { kind: "dead", detail: `${said} without Meta's explanation: check "channels.whatsapp.graph_url"` };
    }
    return { kind: "uncertain", detail: `${said} without Meta's explanation; it may have arrived` };
  }
}

function messageTo(target: WhatsAppTarget, text: string, first: boolean) {
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    // A business-scoped user id (`US.1349…`) in `to` is accepted and silently lost.
    ...(/^\+?\d+$/.test(target.to) ? { to: target.to } : { recipient: target.to }),
    ...(first && { context: { message_id: target.message_id } }),
    type: "text",
    text: { preview_url: false, body: text },
  };
}

function messagesOf(content: string): readonly string[] {
  const pieces = splitText(content.toWellFormed(), MAX_MESSAGE);
  if (pieces.length <= MAX_MESSAGES) return pieces;
  const last = splitText(pieces[MAX_MESSAGES - 1]!, MAX_MESSAGE - CUT_NOTE.length)[0]!;
  return [...pieces.slice(0, MAX_MESSAGES - 1), `${last}${CUT_NOTE}`];
}

function ofPart(detail: string, index: number, count: number): string {
  return count > 1 ? `Message ${index + 1} of ${count}: ${detail}` : detail;
}
