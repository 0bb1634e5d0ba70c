import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createRequire } from "node:module";
import { sign } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import type { Headed, Row } from "../support/gateway-client.ts";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { eventIn, eventsOf, settled } from "../support/inbox.ts";
import { fromWhatsapp, post, textMessage, whatsappBatch } from "../support/signing.ts";

setDefaultTimeout(120_000);
beforeAll(buildBinary);

const SETS = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"] as const;

interface Delivery {
  readonly name: string;
  /** The name, and the payload's action if it has one. */
  readonly type: string;
  readonly body: string;
}

/** Every example that the package has, of every version of GitHub, as a delivery. */
function deliveriesOf(set: string): readonly Delivery[] {
  // `as`: this is the shape that the package's own index.d.ts declares.
  const events = createRequire(import.meta.url)(`@octokit/webhooks-examples/${set}/index.json`) as readonly {
    readonly name: string;
    readonly examples: readonly { readonly action?: string }[];
  }[];
  return events.flatMap(({ name, examples }) => examples.map((example) => deliveryOf(name, example)));
}

function deliveryOf(name: string, example: { readonly action?: string }): Delivery {
  const type = example.action === undefined ? name : `${name}.${example.action}`;
  return { name, type, body: JSON.stringify(example) };
}

const GITHUB = SETS.flatMap(deliveriesOf);

const SECRET = "It's a Secret to Everybody";
const APP_SECRET = "the app's secret";

/** Nothing of the rate limit is changed: what is verified comes as fast as it likes. */
const CHANNELS = `
[channels.github]
secret = "${SECRET}"
[channels.whatsapp]
app_secret = "${APP_SECRET}"
verify_token = "the verify token"
allowed_numbers = ["+1 650 555 1234"]
[channels.shop]
scheme = "standard-webhooks"
secret = "whsec_c2VjcmV0LW9mLWEtc2hvcC1mb3ItdGhlLXRlc3Q="
`;

async function inParallel<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

describe.each(SUBJECTS)("Integration with Channels (%s)", (_name, command) => {
  test("GitHub - every example delivery of @octokit/webhooks-examples is accepted at /webhook/github, listed with its type, and kept to the byte", async () => {
    expect(GITHUB.length).toBeGreaterThan(700);
    await using gateway = await GatewayProcess.start(command, { config: CHANNELS });
    const [owner, github] = [await gateway.owner(), gateway.client()];
    const accepted = new Map<string, { readonly type: string; readonly body: string; readonly again: Headed }>();
    await inParallel(GITHUB, 8, async ({ name, type, body }) => {
      const headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": name,
        "X-GitHub-Delivery": crypto.randomUUID(),
        "X-Hub-Signature-256": await sign(SECRET, body),
      };
      const answer = await github.post("/webhook/github", body, headers);
      expect({ name, status: answer.status, is: answer.json["status"] }).toEqual({ name, status: 202, is: "accepted" });
      accepted.set(answer.field("event_id"), { type, body, again: headers });
    });
    expect(accepted.size).toBe(GITHUB.length);
    await inParallel([...accepted], 8, async ([event_id, { body, again }]) => {
      const { status, json } = await github.post("/webhook/github", body, again);
      expect({ status, json }).toEqual({ status: 200, json: { status: "duplicate", event_id } });
    });

    const { code, stdout } = await gateway.command("events", "list", "--json", "--limit", "1000");
    const rows: readonly Row[] = JSON.parse(stdout).events;
    const types = (list: readonly Row[]) => list.map(({ event_id, type }) => `${event_id} ${type}`).sort();
    expect(code).toBe(0);
    expect(types(rows)).toEqual([...accepted].map(([event_id, { type }]) => `${event_id} ${type}`).sort());
    expect(types(await eventsOf(owner, "github"))).toEqual(types(rows));
    const sample = [...accepted].filter((_, i) => i % 8 === 0);
    await inParallel(sample, 8, async ([event_id, { body }]) => {
      expect((await owner.get(`/api/events/${event_id}/body`)).text).toBe(body);
    });
    await settled(owner);
    expect((await owner.get("/api/refusals")).json).toEqual({ refusals: [], next: null });
  });

  test("WhatsApp - the endpoint is verified by Meta's GET, and a message of an allowed number reaches the agent", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNELS });
    const owner = await gateway.owner();
    const query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=the%20verify%20token";
    expect((await gateway.client().get(`/webhook/whatsapp?${query}`)).text).toBe("1158201444");
    const delivery = fromWhatsapp(APP_SECRET, whatsappBatch([textMessage("wamid.1", "Is the shop open tomorrow? 🙂")]));
    expect((await post(gateway.client(), delivery)).status).toBe(200);
    const [row] = await eventsOf(owner, "whatsapp");
    const event = await eventIn(owner, String(row?.["event_id"]));
    expect(event).toMatchObject({ type: "message", delivery_id: "wamid.1", response: expect.stringMatching(/\S/) });
    expect((await owner.get(`/api/events/${row?.["event_id"]}/body`)).text).toBe(delivery.body);
    const session = await owner.get(`/api/sessions/${event["session_id"]}`);
    expect(session.text).toContain("Is the shop open tomorrow?");
  });

  test("Custom webhooks - any service gets an address of its own, and proves itself there by its signature", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNELS });
    const owner = await gateway.owner();
    const body = '{"type":"order.paid","amount":"12 €"}';
    const [id, now] = ["msg_1", new Date()];
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "webhook-signature": new Webhook("whsec_c2VjcmV0LW9mLWEtc2hvcC1mb3ItdGhlLXRlc3Q=").sign(id, now, body),
    };
    const answer = await gateway.client().post("/webhook/shop", body, headers);
    expect(answer.status).toBe(202);
    const event = await eventIn(owner, answer.field("event_id"));
    expect(event).toMatchObject({ source: "shop", type: "order.paid", delivery_id: id, body });
    expect((await gateway.client().post("/webhook/shop", body.replace("12", "13"), headers)).status).toBe(401);
    expect((await gateway.client().post("/webhook/shop", body)).status).toBe(401);
  });

  test("Custom webhooks - a sender that obeys Retry-After loses nothing to the rate limit", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: "[gateway.rate_limit]\nmax_requests_per_window = 10\nwindow_seconds = 2\n",
    });
    const owner = await gateway.owner();
    const subset = deliveriesOf("ghes-31").slice(0, 25);
    let refused = 0;
    for (const { body } of subset) {
      let answer = await owner.post("/webhook", body, { "Content-Type": "application/json" });
      while (answer.status === 429) {
        refused += 1;
        await Bun.sleep(1_000 * Number(answer.headers.get("retry-after")));
        answer = await owner.post("/webhook", body, { "Content-Type": "application/json" });
      }
      expect(answer.status).toBe(202);
    }
    expect(refused).toBeGreaterThan(0);
    const { events } = JSON.parse((await gateway.command("events", "list", "--json", "--limit", "100")).stdout);
    expect(events).toHaveLength(subset.length);
  });

  test("Custom webhooks - any service that holds a token may post: JSON of any kind, a form, text, a device that may do nothing else", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const code = (await owner.post("/api/paircodes", { scope: "ingest", device_name: "build server" })).field("code");
    const service = gateway.client(await gateway.pair(code));
    const bodies = ["[1,2,3]", '"just a string"', "42", "null", '{"deeply":{"nested":[{"a":"ü"}]}}'];
    for (const body of bodies) {
      const answer = await service.post("/webhook", body, { "Content-Type": "application/json" });
      expect({ body, status: answer.status }).toEqual({ body, status: 202 });
      expect((await owner.get(`/api/events/${answer.field("event_id")}/body`)).text).toBe(body);
    }
    expect((await service.post("/api/message", { message: "Hello" })).status).toBe(403);
    expect((await service.get("/api/events")).status).toBe(403);
  });
});
