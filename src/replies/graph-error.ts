import { isObject } from "../lib/json.ts";

/** An error as Meta's Graph API writes it: `{"error":{"code","message","error_data":{"details"}}}`. */
export interface GraphError {
  readonly code: number;
  readonly message: string;
}

/** Null when the body is no Graph error: then it was not the API that answered. */
export function readGraphError(body: string): GraphError | null {
  const error = parse(body)?.["error"];
  if (!isObject(error) || typeof error["code"] !== "number") return null;
  const data = error["error_data"];
  const details = isObject(data) && typeof data["details"] === "string" ? `: ${data["details"]}` : "";
  const message = typeof error["message"] === "string" ? error["message"] : "no message";
  return { code: error["code"], message: `${message}${details}` };
}

/** The id of the message that was made; null when the body names none. */
export function readMessageId(body: string): string | null {
  const messages = parse(body)?.["messages"];
  const first: unknown = Array.isArray(messages) ? messages[0] : null;
  return isObject(first) && typeof first["id"] === "string" && first["id"] !== "" ? first["id"] : null;
}

/**
 * Errors that pass by themselves, so that the same message may be accepted later: unknown and service errors, limits of
 * the app, the account, the number and the pair (Cloud API error codes, "Throttling errors").
 */
const PASSING: ReadonlySet<number> = new Set([1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004]);

export function passes({ code }: GraphError): boolean {
  return PASSING.has(code);
}

/** What the operator can do about an error that does not pass. */
export function remedy({ code }: GraphError): string {
  if (code === 0 || code === 190) return 'make a new token and set "channels.whatsapp.access_token" to it';
  if (code === 3 || code === 10 || (code >= 200 && code <= 299)) {
    return "give the token's user whatsapp_business_messaging for this number's account";
  }
  return REMEDIES[code] ?? "see Meta's list of Cloud API error codes";
}

const OUTSIDE_WINDOW = "more than 24 hours have passed since the person wrote; only a template can be sent now";

const REMEDIES: Readonly<Record<number, string>> = {
  33: "the number was deleted or its phone_number_id is another one",
  100: "Meta does not know this number or recipient for the token's account",
  368: "the account is restricted for violating a policy: see WhatsApp Manager",
  470: OUTSIDE_WINDOW,
  131005: "give the token's user whatsapp_business_messaging for this number's account",
  131026:
    "the recipient cannot get it: not on WhatsApp, terms not accepted, an old version, or the business is blocked",
  131030: "a test number writes only to recipients on its list: add this one in the app's WhatsApp page",
  131031: "the account is locked: see WhatsApp Manager",
  131042: "the account has no valid payment method: see WhatsApp Manager",
  131047: OUTSIDE_WINDOW,
  133010: "register the number with the Cloud API",
};

function parse(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
