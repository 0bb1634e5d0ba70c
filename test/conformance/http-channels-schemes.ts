import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { GatewayProcess } from "../support/gateway-process.ts";
import { eventIn, eventsOf, refusalsOf, settled } from "../support/inbox.ts";
import { rawRequest } from "../support/raw-http.ts";
import {
  fromGithub,
  fromHmac,
  fromWhatsapp,
  post,
  type Signed,
  textMessage,
  whatsappBatch,
} from "../support/signing.ts";

const PUBLIC = "https://hooks.example.com";
const WHSEC = `whsec_${Buffer.from("standard webhooks key for a test").toString("base64")}`;
const JSON_TYPE = { "Content-Type": "application/json" };

/** One channel of every kind. */
const CONFIG = `
[gateway]
public_url = "${PUBLIC}"
[channels.github]
secret = "github-secret"
[channels.whatsapp]
app_secret = "app-secret"
verify_token = "verify-token"
[channels.standard]
scheme = "standard-webhooks"
secret = "${WHSEC}"
[channels.pay]
scheme = "stripe"
secret = "whsec_stripe"
[channels.team]
scheme = "slack"
secret = "slack-secret"
[channels.bot]
scheme = "telegram"
secret = "telegram-secret"
[channels.sms]
scheme = "twilio"
secret = "twilio-token"
[channels.shop]
scheme = "hmac"
secret = "hmac-secret"
[channels.git]
scheme = "bearer"
secret = "bearer-secret"
[channels.meter]
scheme = "basic"
username = "meter"
secret = "basic-secret"
[channels.legacy]
scheme = "path"
secret = "path/secret ü"
`;

interface Sender {
  readonly source: string;
  /** What a provider's own library, or its documentation, makes of a delivery. */
  readonly sign: () => Signed | Promise<Signed>;
  /** The same with one byte changed: of the body where it is signed, else of the secret. */
  readonly spoil: (signed: Signed) => Signed;
  readonly status: 200 | 202;
  readonly type: string;
}

const inBody = (signed: Signed): Signed => ({ ...signed, body: signed.body.replace("byte", "bite") });
const inHeader =
  (name: string) =>
  (signed: Signed): Signed => {
    return { ...signed, headers: { ...signed.headers, [name]: (signed.headers[name] ?? "").replace(/.$/, "X") } };
  };

const SENDERS: readonly Sender[] = [
  {
    source: "github",
    sign: () => fromGithub("github-secret", "watch", { action: "started", note: "byte" }),
    spoil: inBody,
    status: 202,
    type: "watch.started",
  },
  {
    source: "whatsapp",
    sign: () => fromWhatsapp("app-secret", whatsappBatch([textMessage("wamid.schemes", "byte")])),
    spoil: inBody,
    status: 200,
    type: "message",
  },
  { source: "standard", sign: bySvix, spoil: inBody, status: 202, type: "contact.created" },
  { source: "pay", sign: byStripe, spoil: inBody, status: 202, type: "invoice.paid" },
  { source: "team", sign: bySlack, spoil: inBody, status: 200, type: "message" },
  {
    source: "bot",
    sign: () => ({
      path: "/webhook/bot",
      headers: { ...JSON_TYPE, "X-Telegram-Bot-Api-Secret-Token": "telegram-secret" },
      body: '{"update_id":10000,"message":{"message_id":1,"from":{"id":5,"is_bot":false},"chat":{"id":5},"text":"byte"}}',
    }),
    spoil: inHeader("X-Telegram-Bot-Api-Secret-Token"),
    status: 202,
    type: "message",
  },
  { source: "sms", sign: byTwilio, spoil: inBody, status: 200, type: "message" },
  {
    source: "shop",
    sign: () => fromHmac("hmac-secret", "shop", { type: "order", note: "byte" }),
    spoil: inBody,
    status: 202,
    type: "order",
  },
  {
    source: "git",
    sign: () => ({
      path: "/webhook/git",
      headers: { ...JSON_TYPE, Authorization: "Bearer bearer-secret" },
      body: '{"type":"push"}',
    }),
    spoil: inHeader("Authorization"),
    status: 202,
    type: "push",
  },
  {
    source: "meter",
    sign: () => ({
      path: "/webhook/meter",
      headers: { ...JSON_TYPE, Authorization: `Basic ${btoa("meter:basic-secret")}` },
      body: '{"event":"reading"}',
    }),
    spoil: (signed) => ({ ...signed, headers: { ...JSON_TYPE, Authorization: `Basic ${btoa("meter:basic-secreT")}` } }),
    status: 202,
    type: "reading",
  },
  {
    source: "legacy",
    sign: () => ({
      path: `/webhook/legacy/${encodeURIComponent("path/secret ü")}`,
      headers: { "Content-Type": "text/plain" },
      body: "plain words",
    }),
    spoil: (signed) => ({ ...signed, path: `/webhook/legacy/${encodeURIComponent("path/secret u")}` }),
    status: 202,
    type: "event",
  },
];

/** Every scheme through the door, as its provider's own code signs. */
export function schemeConformance(command: readonly string[]): void {
  describe("every scheme", () => {
    test("takes what its provider's own code signs, and nothing else: one byte changed is 401, kept with its reason and what to do", async () => {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const [owner, provider] = [await gateway.owner(), gateway.client()];
      for (const { source, sign, spoil, status, type } of SENDERS) {
        const signed = await sign();
        const refused = await post(provider, spoil(signed));
        expect({ source, status: refused.status, code: refused.json["code"] }).toEqual({
          source,
          status: 401,
          code: "bad_signature",
        });
        expect(refused.headers.get("www-authenticate")).toMatch(/^(Signature|Basic|Bearer) realm="zeroclaw"$/);
        expect(await refusalsOf(owner, source)).toMatchObject([
          {
            source,
            reason: "wrong_signature",
            fix: expect.stringMatching(/\S/),
            request_id: refused.headers.get("x-request-id"),
          },
        ]);
        expect(await eventsOf(owner, source)).toEqual([]);
        const taken = await post(provider, signed);
        expect({ source, status: taken.status }).toEqual({ source, status });
        const [event] = await eventsOf(owner, source);
        expect(event).toMatchObject({ source, type, size: Buffer.byteLength(signed.body) });
        expect((await owner.get(`/api/events/${event?.["event_id"]}/body`)).text).toBe(signed.body);
      }
      await settled(owner);
    });

    test("without its signature is 401 before a byte of the body is asked for", async () => {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const owner = await gateway.owner();
      for (const { source } of SENDERS) {
        const headers = { ...JSON_TYPE, "Content-Length": "1000" }; // announced, and never sent
        const { status } = await rawRequest(gateway.port, { method: "POST", path: `/webhook/${source}`, headers });
        expect({ source, status }).toEqual({ source, status: 401 });
        expect(await refusalsOf(owner, source)).toMatchObject([{ source, reason: "missing_signature" }]);
      }
    });

    test("takes its own example: POST /api/sources/{source}/test and zeroclaw webhook test", async () => {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const owner = await gateway.owner();
      for (const { source, status } of SENDERS) {
        const tested = (await owner.post(`/api/sources/${source}/test`)).json;
        expect(tested).toMatchObject({ ok: true, status, url: expect.stringContaining(`/webhook/${source}`) });
        const { code, stdout, stderr } = await gateway.command("webhook", "test", source);
        expect({ source, code, stderr: code === 0 ? "" : stderr }).toEqual({ source, code: 0, stderr: "" });
        expect(stdout).toContain(`Answer ${status}`);
        expect((await eventsOf(owner, source)).length).toBe(2);
      }
      await settled(owner);
      expect(await owner.get("/api/refusals").then((all) => all.json)).toEqual({ refusals: [], next: null });
    });

    test("knows a delivery again by its sender's id: the answer is the provider's own, and it is stored once", async () => {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const owner = await gateway.owner();
      for (const { source, sign } of SENDERS.filter(({ source }) => !NO_ID.has(source))) {
        const signed = await sign();
        const [first, second] = [await post(gateway.client(), signed), await post(gateway.client(), signed)];
        const events = await eventsOf(owner, source);
        expect({ source, events: events.length }).toEqual({ source, events: 1 });
        const { event_id } = events[0] ?? {};
        if (first.headers.get("content-type")?.startsWith("application/json"))
          expect([second.status, second.json]).toEqual([200, { status: "duplicate", event_id }]);
        else expect(second.text).toBe(first.text);
        await eventIn(owner, String(events[0]?.["event_id"]));
      }
    });

    test("two secrets are live while one replaces the other: both pass, a third does not", async () => {
      const config = '[channels.shop]\nscheme = "hmac"\nsecrets = ["old-secret", "new-secret"]\n';
      await using gateway = await GatewayProcess.start(command, { config });
      const send = (secret: string) => post(gateway.client(), fromHmac(secret, "shop", { type: "order", secret }));
      expect(
        [await send("old-secret"), await send("new-secret"), await send("other")].map(({ status }) => status),
      ).toEqual([202, 202, 401]);
    });
  });
}

/** Their deliveries above bring no id. */
const NO_ID: ReadonlySet<string> = new Set(["shop", "git", "meter", "legacy"]);

function bySvix(): Signed {
  const body = '{"type":"contact.created","note":"byte"}';
  const [id, now] = ["msg_schemes", new Date()];
  const headers = {
    ...JSON_TYPE,
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "webhook-signature": new Webhook(WHSEC).sign(id, now, body),
  };
  return { path: "/webhook/standard", headers, body };
}

async function byStripe(): Promise<Signed> {
  const body = '{\n  "id": "evt_schemes",\n  "object": "event",\n  "type": "invoice.paid",\n  "note": "byte"\n}';
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret: "whsec_stripe" });
  return { path: "/webhook/pay", headers: { ...JSON_TYPE, "Stripe-Signature": header }, body };
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
function bySlack(): Signed {
  const event = { type: "message", channel: "C1", user: "U1", text: "byte", ts: "1.1" };
  const body = JSON.stringify({ type: "event_callback", event_id: "Ev1", event });
  const time = String(Math.floor(Date.now() / 1_000));
  const digest = createHmac("sha256", "slack-secret").update(`v0:${time}:${body}`).digest("hex");
  const headers = { ...JSON_TYPE, "X-Slack-Request-Timestamp": time, "X-Slack-Signature": `v0=${digest}` };
  return { path: "/webhook/team", headers, body };
}

function byTwilio(): Signed {
  const params = {
    MessageSid: "SM1",
    From: "+15005550006",
    To: "+15005550001",
    Body: "byte ü & more",
    SmsStatus: "received",
  };
  const signature = getExpectedTwilioSignature("twilio-token", `${PUBLIC}/webhook/sms`, params);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature };
  return { path: "/webhook/sms", headers, body: new URLSearchParams(params).toString() };
}
