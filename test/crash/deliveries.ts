import { createRequire } from "node:module";
import { below, pick } from "../fakes/seeded.ts";

export const KINDS = ["github", "whatsapp", "webhook"] as const;
export type Kind = (typeof KINDS)[number];

export const GITHUB_SECRET = "It's a Secret to Everybody";
export const APP_SECRET = "app-secret-for-tests";
export const PHONE_NUMBER_ID = "106540352242922";

/** Conversations of each kind: few enough that events of one meet, many enough that one retry holds up few. */
const CONVERSATIONS = 40;

/** A unique delivery as its provider would send it; sending it again sends the same bytes. */
export interface Delivery {
  readonly kind: Kind;
  /** Unique; what the provider or client calls it. */
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The settings with which a gateway takes these deliveries and answers them at the fakes. */
export function configFor(urls: { readonly graph: string; readonly github: string }): string {
  return `
[gateway.rate_limit]
max_requests_per_window = 1000000

[channels.github]
secret = "${GITHUB_SECRET}"
allowed_repos = ["*"]
reply = true
access_token = "ghs_for_tests"
api_url = "${urls.github}"
reply_private = true

[channels.whatsapp]
app_secret = "${APP_SECRET}"
verify_token = "verify-token-for-tests"
access_token = "graph-token-for-tests"
phone_number_id = "${PHONE_NUMBER_ID}"
allowed_numbers = ["*"]
graph_url = "${urls.graph}"
reply_private = true
`;
}

/** Makes deliveries without end, the same ones for the same seed. `token`: of a paired device, for POST /webhook. */
export function deliveryMaker(random: () => number, token: string, kinds: readonly Kind[] = KINDS): () => Delivery {
  let made = 0;
  const makers: Record<Kind, (id: string, conversation: number) => Delivery> = {
    github: githubComment,
    whatsapp: whatsappMessage,
    webhook: (id) => posted(id, token),
  };
  return () => {
    made += 1;
    const kind = pick(random, kinds);
    const tail = `${made}-${below(random, 1e9).toString(36)}`;
    return makers[kind](`${kind}-${tail}`, below(random, CONVERSATIONS));
  };
}

/** What the id of a stored event's delivery is, for those whose sender names none in `delivery_id`. */
export function postedId(body: string): string | null {
  return /"crash_id":"([^"]+)"/.exec(body)?.[1] ?? null;
}

const COMMENT = exampleComment();

/** A comment of the repository's owner, signed. */
export function githubComment(id: string, issue: number): Delivery {
  const repository = { ...COMMENT.repository, full_name: "octo/hello", name: "hello" };
  const body = JSON.stringify({
    ...COMMENT,
    issue: { ...COMMENT.issue, number: issue + 1 },
    comment: { ...COMMENT.comment, body: `What about ${id}?`, author_association: "OWNER" },
    repository,
  });
  return { kind: "github", id, path: "/webhook/github", headers: githubHeaders(id, "issue_comment", body), body };
}

/** A push as large as told, in bytes; every one of them is other bytes. */
export function largePush(id: string, size: number): Delivery {
  const start = `{"ref":"refs/heads/main","repository":${JSON.stringify({ ...COMMENT.repository, full_name: "octo/hello" })},"commits":[{"message":"`;
  const end = `"}]}`;
  const filler = `${id} ${Bun.hash(id).toString(36)} `;
  const room = size - Buffer.byteLength(start) - end.length;
  const body = `${start}${filler.repeat(Math.ceil(room / filler.length)).slice(0, room)}${end}`;
  return { kind: "github", id, path: "/webhook/github", headers: githubHeaders(id, "push", body), body };
}

/** The headers GitHub sends; the signature is over the body alone, so another id needs no other signature. */
export function githubHeaders(id: string, event: string, body: string | Uint8Array): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/abc1234",
    "X-GitHub-Event": event,
    "X-GitHub-Delivery": id,
    "X-Hub-Signature-256": `sha256=${hmac(GITHUB_SECRET, body)}`,
  };
}

function whatsappMessage(id: string, sender: number): Delivery {
  const from = String(15_550_000_000 + sender);
  const message = { from, id, timestamp: "1763812800", type: "text", text: { body: `What about ${id}?` } };
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "15550783881", phone_number_id: PHONE_NUMBER_ID },
    contacts: [{ profile: { name: "Sheena Nelson" }, wa_id: from }],
    messages: [message],
  };
  const entry = [{ id: "102290129340398", changes: [{ field: "messages", value }] }];
  const body = JSON.stringify({ object: "whatsapp_business_account", entry });
  const headers = { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${hmac(APP_SECRET, body)}` };
  return { kind: "whatsapp", id, path: "/webhook/whatsapp", headers, body };
}

function posted(id: string, token: string): Delivery {
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    "Idempotency-Key": id,
  };
  const body = JSON.stringify({ type: "build.finished", crash_id: id, status: "ok" });
  return { kind: "webhook", id, path: "/webhook", headers, body };
}

/** HMAC-SHA256 in hex (X-Hub-Signature-256): written apart from the gateway's own, so that both must agree. */
function hmac(secret: string, body: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256", secret).update(body).digest("hex");
}

interface Example {
  readonly action?: string;
  readonly issue: object;
  readonly comment: object;
  readonly repository: object;
}

function exampleComment(): Example {
  // as: a JSON file of that shape (its own types describe every event, which is more than is used here).
  const all = createRequire(import.meta.url)("@octokit/webhooks-examples/api.github.com/index.json") as readonly {
    readonly name: string;
    readonly examples: readonly Example[];
  }[];
  const found = all.find(({ name }) => name === "issue_comment")?.examples.find(({ action }) => action === "created");
  if (!found) throw new Error("@octokit/webhooks-examples has no issue_comment.created");
  return found;
}
