import type { EventWithBody } from "../protocol/event.ts";
import type { Refusal } from "../protocol/refusal.ts";
import type { Channel, Delivery, Plan, Reading } from "./channel.ts";
import { contentTypeOf, PURGED, sampleOf } from "./custom.ts";
import { eventNameOf, type GithubFacts, githubFacts } from "./github-facts.ts";
import { githubPayload } from "./github-payload.ts";
import { githubSamples } from "./github-samples.ts";
import { labelOf } from "./label.ts";
import { deliveryIdOf } from "./names.ts";
import { badBody } from "./payload.ts";
import { type ChannelValues, listOf, numberOf, secretsOf, switchOf } from "./values.ts";
import { signHubSignature, verifyHubSignature } from "./verify/hub-signature.ts";

/** GitHub's own limit; it never sends a delivery again by itself, so a smaller one would lose some for good. */
const MAX_BODY = 26_214_400;

const EVENT_HEADER = "X-GitHub-Event";
const DELIVERY_HEADER = "X-GitHub-Delivery";

const FIX =
  "Use the webhook's page on GitHub (Settings → Webhooks) to send events here; other tools must send the same headers and bodies.";

/** Whose texts reach the agent. https://docs.github.com/graphql/reference/enums#commentauthorassociation */
const TRUSTED = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);

/** What is answered with a comment, if that is switched on: something new that a person wrote. */
const ANSWERED = new Set([
  "issues.opened",
  "pull_request.opened",
  "issue_comment.created",
  "pull_request_review_comment.created",
  "pull_request_review.submitted",
]);

/** `[channels.github]`: https://docs.github.com/webhooks/webhook-events-and-payloads */
export function githubChannel(name: string, values: ChannelValues): Channel {
  const settings = { channel: name, secrets: secretsOf(values), escapedUnicode: false };
  const wanted = new Set(listOf(values, "events").map((event) => event.toLowerCase()));
  const repositories = listOf(values, "allowed_repos").map((pattern) => pattern.toLowerCase());
  const replies = switchOf(values, "reply");
  const samples = githubSamples(repositories);
  return {
    name,
    kind: "github",
    maxBody: numberOf(values, "max_body") ?? MAX_BODY,
    secretInPath: false,
    secretHeaders: [],
    // The other headers are looked at by read(): what a stranger sends is told of its signature and no more.
    verify: (delivery) => verifyHubSignature(settings, delivery),
    read: (delivery, body) => read(delivery, body, wanted, repositories),
    plan: (event) => planOf(event, repositories, replies),
    sample(event, context) {
      const [kind, content] = sampleOf(name, samples, event);
      const body = Buffer.from(JSON.stringify(content(context)));
      const headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/zeroclaw-test",
        [EVENT_HEADER]: kind,
        [DELIVERY_HEADER]: context.id,
        ...signHubSignature(settings, body),
      };
      return { path: "", headers, body };
    },
    samples: Object.keys(samples),
    label: (headers) => labelOf(headers.get(DELIVERY_HEADER), headers.get(EVENT_HEADER)),
  };
}

function missingHeader(headers: Headers): Refusal | null {
  if (eventNameOf(headers.get(EVENT_HEADER)) === null) {
    const detail = `The delivery has no ${EVENT_HEADER} header with the name of an event, such as "push".`;
    return { reason: "bad_body", code: "bad_request", detail, fix: FIX };
  }
  if (/^[\x21-\x7e]{1,255}$/.test(headers.get(DELIVERY_HEADER) ?? "")) return null;
  const detail = `The delivery has no ${DELIVERY_HEADER} header with an id (1 to 255 visible characters, once).`;
  return { reason: "missing_delivery_id", code: "bad_request", detail, fix: FIX };
}

function read(
  { headers }: Delivery,
  body: Uint8Array,
  wanted: ReadonlySet<string>,
  repositories: readonly string[],
): Reading | Refusal {
  const refused = missingHeader(headers);
  if (refused) return refused;
  const contentType = contentTypeOf(headers);
  const payload = githubPayload(contentType, body);
  if (!payload.ok) return badBody(payload.found, FIX);
  const facts = githubFacts(eventNameOf(headers.get(EVENT_HEADER)) ?? "", payload.value, payload.writings);
  if (!isWanted(facts, wanted)) return ignored(facts.type);
  const delivery_id = deliveryIdOf(headers.get(DELIVERY_HEADER));
  const { type, session_id } = facts;
  const stored = whyNot(facts, repositories);
  const told = stored === null ? {} : { stored };
  return { kind: "events", events: [{ type, delivery_id, session_id, content_type: contentType, body, ...told }] };
}

/** A ping is always taken: it is how an operator sees that the webhook arrives. */
function isWanted({ event, type }: GithubFacts, wanted: ReadonlySet<string>): boolean {
  return wanted.size === 0 || event === "ping" || wanted.has(event) || wanted.has(type.toLowerCase());
}

function ignored(event: string): Reading {
  const body = JSON.stringify({ status: "ignored", event, reason: "not among channels.github.events" });
  return { kind: "answer", answer: { status: 200, body, type: "application/json; charset=utf-8" } };
}

function planOf(stored: EventWithBody, repositories: readonly string[], replies: boolean): Plan {
  if (stored.purged) return PURGED;
  const payload = githubPayload(stored.content_type, stored.body);
  if (!payload.ok) return { run: false, reason: `its body ${payload.found}` };
  // The type was made of the header's name, which has no dot in it.
  const facts = githubFacts(stored.type.split(".", 1)[0] ?? "", payload.value, payload.writings);
  const reason = whyNot(facts, repositories);
  if (reason !== null) return { run: false, reason };
  const { repository, number, type } = facts;
  if (!replies || repository === null || number === null || !ANSWERED.has(type)) return { run: true, reply: null };
  return { run: true, reply: { kind: "github", repository, number } };
}

/** Why an event is stored and no more; null when the agent gets it. */
function whyNot(facts: GithubFacts, repositories: readonly string[]): string | null {
  const { event, byBot, writings } = facts;
  if (event === "ping") return "GitHub only says that the webhook arrives";
  if (!isAllowed(facts, repositories))
    return `${facts.repository ?? "its repository"} is not among channels.github.allowed_repos`;
  if (writings.some(({ marked }) => marked)) return "written by this gateway";
  if (byBot) return "written by a bot";
  const stranger = writings.find(({ association }) => !TRUSTED.has(association));
  if (stranger === undefined) return null;
  const known = /^[A-Z_]{1,40}$/.test(stranger.association) ? stranger.association : "unknown";
  const whose = /^[a-z_]{1,40}$/.test(stranger.place) ? `in "${stranger.place}" an author's` : "an author's";
  return `${whose} association is ${known}; the agent reads OWNER, MEMBER and COLLABORATOR`;
}

/** `repositories` are in lower case: GitHub's names are the same in any. */
function isAllowed({ repository, owner }: GithubFacts, repositories: readonly string[]): boolean {
  if (repositories.includes("*")) return true;
  if (owner !== null && repositories.includes(`${owner.toLowerCase()}/*`)) return true;
  return repository !== null && repositories.includes(repository.toLowerCase());
}
