import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createRequire } from "node:module";
import { buildBinary, eventually, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";

setDefaultTimeout(120_000);
beforeAll(buildBinary);

const SETS = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"] as const;

interface Delivery {
  readonly name: string;
  readonly body: string;
}

/** Every example that the package has, of every version of GitHub, as a delivery. */
function deliveriesOf(set: string): readonly Delivery[] {
  // `as`: this is the shape that the package's own index.d.ts declares.
  const events = createRequire(import.meta.url)(`@octokit/webhooks-examples/${set}/index.json`) as readonly {
    readonly name: string;
    readonly examples: readonly object[];
  }[];
  return events.flatMap(({ name, examples }) => examples.map((example) => ({ name, body: JSON.stringify(example) })));
}

const GITHUB = SETS.flatMap(deliveriesOf);

/** A message as the WhatsApp Business API delivers it (Cloud API, webhooks, "messages"). */
const WHATSAPP = {
  object: "whatsapp_business_account",
  entry: [
    {
      id: "102290129340398",
      changes: [
        {
          field: "messages",
          value: {
            messaging_product: "whatsapp",
            metadata: { display_phone_number: "15550783881", phone_number_id: "106540352242922" },
            contacts: [{ profile: { name: "Pat Example" }, wa_id: "16505551234" }],
            messages: [
              {
                from: "16505551234",
                id: "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQUEwAA==",
                timestamp: "1749416383",
                type: "text",
                text: { body: "Is the shop open tomorrow? 🙂" },
              },
            ],
          },
        },
      ],
    },
  ],
};

async function inParallel<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

describe.each(SUBJECTS)("Integration with Channels (%s)", (_name, command) => {
  test("GitHub - every example delivery of @octokit/webhooks-examples is accepted, listed, and kept to the byte", async () => {
    expect(GITHUB.length).toBeGreaterThan(700);
    await using gateway = await GatewayProcess.start(command, { config: "[gateway.rate_limit]\nenabled = false\n" });
    const owner = await gateway.owner();
    const bodies = new Map<string, string>();
    await inParallel(GITHUB, 8, async ({ name, body }) => {
      const headers = { "X-GitHub-Event": name, "Content-Type": "application/json" };
      const answer = await owner.post("/webhook", body, headers);
      expect(answer.status).toBe(202);
      bodies.set(answer.field("event_id"), body);
    });
    expect(bodies.size).toBe(GITHUB.length);

    const { code, stdout } = await gateway.command("events", "list", "--json", "--limit", "1000");
    const listed: readonly string[] = JSON.parse(stdout).events.map((event: { event_id: string }) => event.event_id);
    expect(code).toBe(0);
    expect(new Set(listed)).toEqual(new Set(bodies.keys()));
    expect(listed).toHaveLength(bodies.size);

    const paged: unknown[] = [];
    for (let after: unknown = ""; after !== null; ) {
      const page = await owner.get(`/api/events?limit=100&after=${encodeURIComponent(String(after))}`);
      paged.push(...page.rows("events").map((event) => event["event_id"]));
      after = page.json["next"];
    }
    expect(paged).toEqual([...listed]);

    await inParallel([...bodies], 8, async ([event_id, body]) => {
      expect((await owner.get(`/api/events/${event_id}/body`)).text).toBe(body);
    });
    await eventually("every event is done", async () => {
      const { inbox } = (await owner.get("/api/status")).json;
      return Bun.deepEquals(inbox, { received: 0, running: 0, retrying: 0, dead: 0, oldest_pending_at: null });
    });
  });

  test("GitHub - a sender that obeys Retry-After loses nothing to the rate limit", async () => {
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

  test("WhatsApp - a message of the WhatsApp Business API is accepted and summed up for the agent", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const event_id = (await owner.post("/webhook", WHATSAPP)).field("event_id");
    const response = await eventually("the agent has answered", async () => {
      const event = (await owner.get(`/api/events/${event_id}`)).json;
      return event["state"] === "done" && String(event["response"]);
    });
    expect(response).toContain("Is the shop open tomorrow?");
    expect((await owner.get(`/api/events/${event_id}/body`)).text).toBe(JSON.stringify(WHATSAPP));
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
