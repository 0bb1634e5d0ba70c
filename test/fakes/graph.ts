/**
 * Meta's Graph API as far as answers to WhatsApp messages need it: POST /{phone_number_id}/messages, with or without a
 * version before it. The counts are by the wamid that is answered.
 */
import { type Call, type Provider, runProvider, type Said } from "./provider.ts";

const MESSAGES = /^(?:\/v\d+\.\d+)?\/(\d+)\/messages$/;
const MAX_TEXT = 4_096;

class Graph implements Provider {
  /** wamid → the texts that answered it, in order. */
  readonly #sent = new Map<string, readonly string[]>();
  #refused = 0;
  #made = 0;

  itemOf(call: Call): string | null {
    return call.method === "POST" && MESSAGES.test(call.path) ? (read(call.body)?.answers ?? call.body) : null;
  }

  serve(call: Call): Said {
    if (call.method !== "POST" || !MESSAGES.test(call.path)) return this.#refuse(404, 100, "Unknown path");
    if (!call.authorization?.startsWith("Bearer ")) return this.#refuse(401, 190, "Invalid OAuth access token");
    const message = read(call.body);
    if (message === null) return this.#refuse(400, 100, "Invalid parameter");
    if (message.text.length > MAX_TEXT) return this.#refuse(400, 100, "Param text.body is too long");
    this.#sent.set(message.answers, [...(this.#sent.get(message.answers) ?? []), message.text]);
    this.#made += 1;
    const id = `wamid.fake${this.#made}`;
    const contacts = [{ input: message.to, wa_id: message.to }];
    return { status: 200, body: { messaging_product: "whatsapp", contacts, messages: [{ id }] } };
  }

  /** Throttled calls were not accepted: 130429 is the number's own limit, 131056 too many to one person. */
  refuse(fault: "error" | "throttle"): Said {
    if (fault === "error") return said(500, 131000, "Something went wrong");
    return { ...said(429, 130429, "Rate limit hit"), headers: { "Retry-After": "1" } };
  }

  counts(): object {
    return { sent: Object.fromEntries(this.#sent), made: this.#made, refused: this.#refused };
  }

  #refuse(status: number, code: number, message: string): Said {
    this.#refused += 1;
    return said(status, code, message);
  }
}

function said(status: number, code: number, message: string): Said {
  const error = { message: `(#${code}) ${message}`, type: "OAuthException", code, fbtrace_id: "fake" };
  return { status, body: { error } };
}

/** Null for everything that is no text message to one person. */
function read(body: string): { readonly to: string; readonly text: string; readonly answers: string } | null {
  try {
    const { messaging_product, to, type, text, context } = JSON.parse(body);
    if (messaging_product !== "whatsapp" || type !== "text" || typeof to !== "string") return null;
    if (typeof text?.body !== "string" || text.body === "") return null;
    return { to, text: text.body, answers: String(context?.message_id ?? "") };
  } catch {
    return null;
  }
}

runProvider(new Graph());
