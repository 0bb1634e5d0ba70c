import { describe, expect, test } from "bun:test";
import { FakeProcess } from "../fakes/fake-process.ts";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { eventIn, eventsOf, outcomesOf, refusalsOf, replyOf, settled } from "../support/inbox.ts";
import { rawRequest } from "../support/raw-http.ts";
import {
  fromWhatsapp,
  hmacHex,
  PHONE_NUMBER_ID,
  post,
  SENDER,
  statusOf,
  textMessage,
  whatsappBatch,
} from "../support/signing.ts";

const SECRET = "app-secret";
const CHANNEL = `[channels.whatsapp]\napp_secret = "${SECRET}"\nverify_token = "meta verifies"\n`;
const ACCEPTED = { status: 200, body: { status: "accepted" } };

function verification(token: string): string {
  return `?${new URLSearchParams({ "hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444" })}`;
}

export function whatsappConformance(command: readonly string[]): void {
  describe("WhatsApp", () => {
    verificationByGet(command);
    deliveries(command);
    answers(command);
  });
}

function verificationByGet(command: readonly string[]): void {
  test("Meta's verification is answered with its challenge alone, at both addresses, under the name it is known by outside", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    for (const path of ["/whatsapp", "/webhook/whatsapp"]) {
      const headers = { Host: "hooks.example.com" };
      const right = await rawRequest(gateway.port, { path: path + verification("meta verifies"), headers });
      expect({ path, status: right.status, text: right.text }).toEqual({ path, status: 200, text: "1158201444" });
      expect(right.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      const head = await rawRequest(gateway.port, { method: "HEAD", path: path + verification("meta verifies") });
      expect({ status: head.status, size: head.bytes.length }).toEqual({ status: 200, size: 0 });
    }
  });

  test("with a wrong token, or none, it is 403, and kept without what was given", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    for (const query of [verification("guessed-token"), "?hub.mode=subscribe&hub.challenge=1", ""]) {
      const wrong = await gateway.client().get(`/webhook/whatsapp${query}`);
      expect({ query, status: wrong.status, code: wrong.json["code"] }).toEqual({
        query,
        status: 403,
        code: "bad_verify_token",
      });
      expect(wrong.text).not.toContain("meta verifies");
    }
    const refusals = await refusalsOf(owner, "whatsapp");
    expect(refusals.map(({ reason }) => reason)).toEqual(Array(3).fill("wrong_verify_token"));
    expect(JSON.stringify(refusals) + gateway.stderr).not.toMatch(/guessed-token|meta verifies/);
  });
}

function deliveries(command: readonly string[]): void {
  test("a batch of three messages and two statuses becomes five events; sent again it is 200 and they stay five", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    const batch = whatsappBatch(
      ["one", "two", "three"].map((text, i) => textMessage(`wamid.${i}`, text)),
      [statusOf("wamid.sent", "sent"), statusOf("wamid.sent", "delivered")],
    );
    for (let time = 0; time < 3; time += 1) {
      const { status, json } = await post(gateway.client(), fromWhatsapp(SECRET, batch));
      const again = { status: 200, body: { status: "duplicate", event_ids: expect.any(Array) } };
      expect({ status, body: json }).toEqual(time === 0 ? ACCEPTED : again);
    }
    const events = await eventsOf(owner, "whatsapp");
    expect(events.map(({ type }) => type).sort()).toEqual(["message", "message", "message", "status", "status"]);
    expect(new Set(events.map(({ delivery_id }) => delivery_id)).size).toBe(5);
    const metrics = (await owner.get("/metrics")).text;
    expect(metrics).toContain('zeroclaw_events_accepted_total{source="whatsapp"} 5');
    expect(metrics).toContain('zeroclaw_events_duplicate_total{source="whatsapp"} 10');
  });

  test("a message that comes again among others is not stored again, and the others are", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    const [first, second] = [textMessage("wamid.a", "first"), textMessage("wamid.b", "second")];
    await post(gateway.client(), fromWhatsapp(SECRET, whatsappBatch([first])));
    await post(gateway.client(), fromWhatsapp(SECRET, whatsappBatch([first, second, second])));
    const ids = (await eventsOf(owner, "whatsapp")).map(({ delivery_id }) => delivery_id);
    expect(ids).toEqual(["wamid.b", "wamid.a"]);
  });

  test("text beyond ASCII is taken as Meta may sign it: over the bytes, or over their \\u form", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    const body = (id: string) => JSON.stringify(whatsappBatch([textMessage(id, "Grüße, 你好 🙂/")]));
    const bytes = fromWhatsapp(SECRET, body("wamid.bytes"));
    expect((await post(gateway.client(), bytes)).status).toBe(200);
    const plain = body("wamid.escaped");
    const escaped = plain.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const headers = { ...bytes.headers, "X-Hub-Signature-256": `sha256=${hmacHex(SECRET, escaped)}` };
    expect((await post(gateway.client(), { ...bytes, headers, body: plain })).status).toBe(200);
    for (const { event_id } of await eventsOf(owner, "whatsapp")) {
      expect((await owner.get(`/api/events/${event_id}/body`)).text).toContain("Grüße, 你好 🙂");
    }
    expect(await eventsOf(owner, "whatsapp")).toHaveLength(2);
  });

  test("with allowed_numbers empty a message is stored and done, and nobody's agent sees it", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    await post(gateway.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.1", "Hello?")])));
    const [row] = await eventsOf(owner, "whatsapp");
    const event = await eventIn(owner, String(row?.["event_id"]));
    expect(outcomesOf(event)).toEqual([expect.stringContaining("channels.whatsapp.allowed_numbers")]);
    expect(event).not.toHaveProperty("response");
    expect((await owner.get("/metrics")).text).not.toMatch(/^zeroclaw_runs_total\{/m);
  });
}

function answers(command: readonly string[]): void {
  const config = (graph: string, allowed = `"${SENDER}"`) =>
    `${CHANNEL}access_token = "graph-token"\nphone_number_id = "${PHONE_NUMBER_ID}"\nallowed_numbers = [${allowed}]\n` +
    `graph_url = "${graph}"\nreply_private = true\n`;

  test("the answer comes back as one message, whatever comes again", async () => {
    await using graph = await FakeProcess.start("graph");
    await using gateway = await GatewayProcess.start(command, { config: config(graph.url) });
    const owner = await gateway.owner();
    const sent = fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.q", "Is the shop open?")]));
    for (let time = 0; time < 3; time += 1) await post(gateway.client(), sent);
    const [row] = await eventsOf(owner, "whatsapp");
    const event = await eventually("the answer was sent", async () => {
      const found = await eventIn(owner, String(row?.["event_id"]));
      return replyOf(found)?.["state"] === "sent" && found;
    });
    expect(replyOf(event)).toMatchObject({ to: "whatsapp", attempts: 1, detail: "wamid.fake1" });
    expect(await graph.counts()).toMatchObject({ made: 1, sent: { "wamid.q": [event["response"]] } });
  });

  test("an answer whose outcome is not known is uncertain, and not sent again after a restart either", async () => {
    await using graph = await FakeProcess.start("graph");
    await graph.order("cut-after");
    await using gateway = await GatewayProcess.start(command, { config: config(graph.url) });
    const owner = await gateway.owner();
    await post(gateway.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.q", "Is the shop open?")])));
    const [row] = await eventsOf(owner, "whatsapp");
    const uncertain = (of: typeof owner) =>
      eventually("the answer is uncertain", async () => {
        const found = replyOf(await eventIn(of, String(row?.["event_id"])));
        return found?.["state"] === "uncertain" && found;
      });
    expect(await uncertain(owner)).toMatchObject({ attempts: 1, detail: expect.stringContaining("not sent again") });
    expect((await gateway.command("status")).stdout).toContain("1 uncertain");
    await gateway.stop();
    const second = await gateway.again();
    try {
      const next = fromWhatsapp(SECRET, whatsappBatch([textMessage("wamid.next", "And now?")]));
      await post(second.client(), next);
      await eventually("the next one is answered", async () => (await graph.counts()).made === 2);
      expect(await uncertain(second.client(owner.token))).toMatchObject({ attempts: 1 });
      expect(Object.keys((await graph.counts()).sent).sort()).toEqual(["wamid.next", "wamid.q"]);
      expect((await graph.counts()).sent["wamid.q"]).toHaveLength(1);
    } finally {
      await second.stop();
    }
  });

  test("a stranger's commands are words: they are answered like any others, and nothing of the operator's goes out", async () => {
    await using graph = await FakeProcess.start("graph");
    await using gateway = await GatewayProcess.start(command, { config: config(graph.url, '"*"') });
    const owner = await gateway.owner();
    await owner.post("/webhook", { type: "note", note: "the vault's number is 4711" });
    await owner.post("/api/message", { message: "/note the vault's number is 4711" });
    await settled(owner);
    const texts = [
      "Hello",
      "/devices",
      "/search vault",
      "vault",
      "/events",
      "/status",
      "/event latest",
      "/DEVICES\n/notes",
      "/help",
    ];
    const messages = texts.map((text, i) => textMessage(`wamid.${i}`, text, `1650555${1000 + i}`));
    await post(gateway.client(), fromWhatsapp(SECRET, whatsappBatch(messages)));
    await eventually("all are answered", async () => (await graph.counts()).made === texts.length);
    const said = Object.values((await graph.counts()).sent).map(String);
    expect(new Set(said).size).toBe(1);
    expect(said[0]).not.toContain("4711");
  });
}
