import { Problem } from "../protocol/problem.ts";

const MAX_LENGTH = 255;
const NAMES = ["Idempotency-Key", "X-Idempotency-Key"] as const;
/** RFC 9651 §3.3.3: only `"` and `\` may be escaped, and must be. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;
const VISIBLE_ASCII = /^[\x21-\x7e]*$/;

/**
 * The request's idempotency key, or null when it has none. draft-ietf-httpapi-idempotency-key-header-07 writes it as a
 * structured-field string (`Idempotency-Key: "8e03978e"`), most clients bare; both name the same key.
 * @throws Problem bad_idempotency_key
 */
export function keyOf(headers: Headers): string | null {
  const [first, second] = NAMES.map((name) => keyIn(name, headers.get(name)));
  if (first != null && second != null && first !== second) {
    throw bad(
      `The request has two idempotency keys: Idempotency-Key is "${first}" and X-Idempotency-Key is "${second}". Send one of them.`,
    );
  }
  return first ?? second ?? null;
}

function keyIn(name: string, value: string | null): string | null {
  if (value === null) return null;
  const key = value.startsWith('"') ? unquote(name, value) : value;
  if (key === "") throw bad(`The header ${name} is empty. Send a key that is new for each request, such as a UUID.`);
  if (key.length > MAX_LENGTH) {
    throw bad(`The key in ${name} has ${key.length} characters. Send at most ${MAX_LENGTH}.`);
  }
  if (!VISIBLE_ASCII.test(key)) {
    throw bad(
      `The key in ${name} has a space or a character outside ASCII in it, or the header was sent twice. Send one key of visible ASCII characters, such as a UUID.`,
    );
  }
  return key;
}

function unquote(name: string, value: string): string {
  const inner = QUOTED.exec(value)?.[1];
  if (inner !== undefined) return inner.replace(/\\(["\\])/g, "$1");
  throw bad(
    `The header ${name} begins with a quote but is not one quoted string. Send ${name}: "8e03978e-40d5-43dd-bc93-6894a57f9324", or the key without quotes.`,
  );
}

function bad(detail: string): Problem {
  return new Problem("bad_idempotency_key", { detail });
}
