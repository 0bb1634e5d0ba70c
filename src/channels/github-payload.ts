import { isObject } from "../lib/json.ts";
import { pickJson, type Wanted } from "../lib/json-scan.ts";
import { type Writing, writingsIn } from "./github-writings.ts";
import { formField, isForm, type Parsed, parseJson } from "./payload.ts";

export type GithubPayload =
  | { readonly ok: true; readonly value: unknown; readonly writings: readonly Writing[] }
  | { readonly ok: false; readonly found: string };

/** From here on only what is needed is read: parsing 25 MB takes 45 ms and 50 to 100 MB, scanning it 25 ms and nothing. */
const SCAN_FROM = 256 * 1_024;

/** All that read() and plan() look at, beside what people wrote. */
const NEEDED: Wanted = {
  action: true,
  repository: { full_name: true },
  organization: { login: true },
  sender: { login: true, type: true },
  issue: { number: true },
  pull_request: { number: true },
  discussion: { number: true },
  comment: true,
  review: true,
  answer: true,
  repository_advisory: true,
};

/** A delivery's payload; of a large one only what this channel needs. GitHub sends JSON, or a form that holds it. */
export function githubPayload(contentType: string, body: Uint8Array): GithubPayload {
  const json = isForm(contentType) ? formField(body, "payload") : body;
  if (json === null) return { ok: false, found: 'is a form without the field "payload"' };
  const parsed = json.length < SCAN_FROM ? parseJson(json) : scan(json);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return { ok: false, found: "is not a JSON object" };
  const writings = writingsIn(json);
  return writings === null ? NO_JSON : { ok: true, value: parsed.value, writings };
}

const NO_JSON = { ok: false, found: "is not valid JSON" } as const;

function scan(json: Uint8Array): Parsed {
  const picked = pickJson(json, NEEDED);
  return picked === null ? NO_JSON : { ok: true, value: picked.value };
}
