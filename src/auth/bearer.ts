import { Problem } from "../protocol/problem.ts";
import { normalizeCode } from "./pairing-code.ts";

/** What stands where a token belongs. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  /** A pairing code, as it was printed: to be answered with `pairFirst`, neither compared nor counted. */
  | { readonly kind: "code"; readonly code: string }
  /** `detail` says what was found and what to send. */
  | { readonly kind: "malformed"; readonly detail: string };

const MAX_TOKEN = 256;
const MAX_HEADER = 4_096;
/** RFC 6750 §2.1, `b64token`. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const BEARER = /^Bearer(?: +(.*))?$/i;
const SUBPROTOCOL = "bearer.";

const NONE: Credential = { kind: "none" };

/**
 * The credential of a request: `Authorization: Bearer <token>` (RFC 6750), else the WebSocket subprotocol
 * `bearer.<token>`, which is what a browser can send.
 */
export function tokenOf(headers: Headers): Credential {
  const authorization = headers.get("authorization");
  if (authorization !== null) return inAuthorization(authorization);
  const protocols = headers.get("sec-websocket-protocol");
  return protocols === null ? NONE : inSubprotocols(protocols);
}

/** The same for a token that stands alone, such as the `token` of a WebSocket frame. */
export function credentialOf(text: string): Credential {
  if (text.length <= MAX_TOKEN && TOKEN.test(text)) {
    // A code without spaces has a token's characters, a token never a code's shape.
    const code = text.length <= 16 ? normalizeCode(text) : null;
    return code === null ? { kind: "token", token: text } : { kind: "code", code };
  }
  const code = normalizeCode(text);
  if (code !== null) return { kind: "code", code };
  if (text.length > MAX_TOKEN)
    return malformed(`The token has ${text.length} characters; tokens have at most ${MAX_TOKEN}.`);
  return malformed("The token is empty or has characters that no token has.");
}

/** The pairing code of `POST /pair` that came as a header; null without one. */
export function pairingCodeOf(headers: Headers): string | null {
  return headers.get("x-pairing-code");
}

/**
 * The answer to a pairing code where a token belongs. `origin` is the gateway's, as in `http://127.0.0.1:8585`. The code
 * is given back only to who sent it.
 */
export function pairFirst(code: string, origin: string): Problem {
  const socket = `${origin.replace(/^http/, "ws")}/ws`;
  return new Problem("pair_first", {
    headers: { "WWW-Authenticate": 'Bearer realm="zeroclaw"' },
    detail: `"${code}" is a pairing code. Trade it for a token first: curl -X POST ${origin}/pair -H 'X-Pairing-Code: ${code}' — or send {"type":"pair","code":"${code}"} over ${socket} — and send the token from then on.`,
  });
}

function inAuthorization(value: string): Credential {
  if (value.length > MAX_HEADER) return malformed(`The Authorization header has ${value.length} characters.`);
  const bearer = BEARER.exec(value);
  if (bearer !== null) return credentialOf((bearer[1] ?? "").trim());
  const code = normalizeCode(value);
  if (code !== null) return { kind: "code", code };
  const scheme = /^[A-Za-z][A-Za-z0-9-]{0,31}(?= )/.exec(value)?.[0];
  return malformed(
    scheme === undefined
      ? "The Authorization header has no scheme. Send Authorization: Bearer <token>."
      : `The Authorization header has the scheme "${scheme}". Send Authorization: Bearer <token>.`,
  );
}

/** RFC 6455 §4.1: names separated by commas. Two different tokens are refused rather than one of them chosen. */
function inSubprotocols(value: string): Credential {
  if (value.length > MAX_HEADER) return malformed(`The Sec-WebSocket-Protocol header has ${value.length} characters.`);
  let found: string | null = null;
  for (const item of value.split(",")) {
    const name = item.trim();
    if (!name.startsWith(SUBPROTOCOL)) continue;
    const token = name.slice(SUBPROTOCOL.length);
    if (found !== null && found !== token) return malformed('Two "bearer." subprotocols were offered. Offer one.');
    found = token;
  }
  return found === null ? NONE : credentialOf(found);
}

function malformed(detail: string): Credential {
  return { kind: "malformed", detail };
}
