import { createHmac, randomUUID } from "node:crypto";
import type { GatewayClient, Headed } from "./gateway-client.ts";

/** A delivery as its provider makes it. Nothing here shares code with what verifies it. */
export interface Signed {
  readonly path: string;
  readonly headers: Headed;
  readonly body: string;
}

/** Posts a delivery; `from` is whoever asks, without a token. */
export function post(from: GatewayClient, { path, headers, body }: Signed) {
  return from.post(path, body, headers);
}

export function hmacHex(secret: string, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** A delivery of GitHub's webhooks. A text is sent as it stands. */
export function fromGithub(secret: string, event: string, payload: object | string, id: string = randomUUID()): Signed {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return {
    path: "/webhook/github",
    headers: {
      "Content-Type": "application/json",
      "X-GitHub-Event": event,
      "X-GitHub-Delivery": id,
      "X-Hub-Signature-256": `sha256=${hmacHex(secret, body)}`,
    },
    body,
  };
}

/** A delivery of Meta's. */
export function fromWhatsapp(secret: string, payload: object | string): Signed {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const headers = { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${hmacHex(secret, body)}` };
  return { path: "/webhook/whatsapp", headers, body };
}

/** A delivery to a channel of `scheme = "hmac"` with nothing else set. `more`: further headers. */
export function fromHmac(secret: string, source: string, payload: object | string, more: Headed = {}): Signed {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const headers = { "Content-Type": "application/json", "X-Signature-256": hmacHex(secret, body), ...more };
  return { path: `/webhook/${source}`, headers, body };
}

export const PHONE_NUMBER_ID = "106540352242922";
export const SENDER = "16505551234";

/** A text message as it stands in a delivery of the Cloud API. */
export function textMessage(id: string, body: string, from = SENDER): object {
  return { from, id, timestamp: "1795348800", type: "text", text: { body } };
}

/** What became of a message of ours. */
export function statusOf(id: string, status: string): object {
  return { id, status, timestamp: "1795348800", recipient_id: SENDER };
}

/** One delivery with all of these in it. */
export function whatsappBatch(messages: readonly object[], statuses: readonly object[] = []): object {
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "15550783881", phone_number_id: PHONE_NUMBER_ID },
    ...(messages.length === 0 ? {} : { contacts: [{ profile: { name: "Pat Example" }, wa_id: SENDER }], messages }),
    ...(statuses.length === 0 ? {} : { statuses }),
  };
  return {
    object: "whatsapp_business_account",
    entry: [{ id: "102290129340398", changes: [{ field: "messages", value }] }],
  };
}

interface Comment {
  readonly body: string;
  /** @default MEMBER */
  readonly association?: string;
  /** @default User */
  readonly type?: "User" | "Bot";
  /** @default octo/hello */
  readonly repository?: string;
}

/** The payload of `issue_comment.created`, as far as anybody looks at it. */
export function commentPayload({ body, association = "MEMBER", type = "User", repository }: Comment): object {
  const user = { login: type === "Bot" ? "helper[bot]" : "pat-example", id: 1, type };
  const full_name = repository ?? "octo/hello";
  return {
    action: "created",
    issue: { number: 7, title: "It does not start", user, author_association: association, body: "Here is why." },
    comment: { id: 99, user, author_association: association, body, created_at: "2026-11-22T12:00:00Z" },
    repository: { id: 1, name: full_name.split("/")[1], full_name, owner: { login: full_name.split("/")[0], id: 2 } },
    sender: user,
  };
}
