import { describe, expect, test } from "bun:test";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { eventsOf, refusalsOf, settled } from "../support/inbox.ts";
import { fromGithub, fromHmac, hmacHex, post } from "../support/signing.ts";

const SECRET = "a secret for limits";
const SHOP = `[channels.shop]\nscheme = "hmac"\nsecret = "${SECRET}"\n`;
/** GitHub's own limit, and that of `channels.github.max_body`. */
const LARGEST = 26_214_400;

export function sourceLimitConformance(command: readonly string[]): void {
  describe("limits of a source", () => {
    sizes(command);
    rates(command);
    hostileBodies(command);
  });
}

/** JSON of exactly that many bytes. */
function sized(bytes: number): string {
  return `{"type":"sized","pad":"${"x".repeat(bytes - 25)}"}`;
}

/** Sent as it comes: `fetch` announces the length of what it has as a whole. */
function chunks(text: string): ReadableStream<Uint8Array> {
  const pieces = text.match(/.{1,9000}/gs) ?? [];
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
}

function sizes(command: readonly string[]): void {
  test.each(["announced", "in chunks"])("max_body is taken to the byte, and one more is 413, %s", async (how) => {
    await using gateway = await GatewayProcess.start(command, { config: `${SHOP}max_body = 70000\n` });
    const owner = await gateway.owner();
    const send = (bytes: number) => {
      const { path, headers, body } = fromHmac(SECRET, "shop", sized(bytes));
      const sent = how === "announced" ? body : chunks(body);
      return gateway.fetch(path, { method: "POST", headers, body: sent });
    };
    expect((await send(70_000)).status).toBe(202);
    const over = await send(70_001);
    expect({ status: over.status, body: await over.json() }).toMatchObject({
      status: 413,
      body: { code: "too_large" },
    });
    const size = how === "announced" ? 70_001 : expect.any(Number); // nobody said how much would come
    const refused = { source: "shop", reason: "too_large", size, fix: expect.stringContaining("max_body") };
    expect(await refusalsOf(owner, "shop")).toMatchObject([refused]);
    expect(await eventsOf(owner)).toMatchObject([{ size: 70_000, type: "sized" }]);
  });

  test("GitHub's largest delivery, 25 MB, is taken and kept to the byte; one byte more is 413", async () => {
    await using gateway = await GatewayProcess.start(command, { config: `[channels.github]\nsecret = "${SECRET}"\n` });
    const owner = await gateway.owner();
    const delivery = fromGithub(SECRET, "push", sized(LARGEST));
    const taken = await post(gateway.client(), delivery);
    expect({ status: taken.status, body: taken.json }).toMatchObject({ status: 202, body: { status: "accepted" } });
    const { bytes } = await owner.get(`/api/events/${taken.field("event_id")}/body`);
    expect({ size: bytes.length, same: Buffer.from(delivery.body).equals(bytes) }).toEqual({
      size: LARGEST,
      same: true,
    });
    expect((await post(gateway.client(), fromGithub(SECRET, "push", sized(LARGEST + 1)))).status).toBe(413);
  });
}

function rates(command: readonly string[]): void {
  test("rate_limit: what is over it is 429 with Retry-After, kept as refused, and nothing of it is stored", async () => {
    const config = `${SHOP}rate_limit = 2\n[channels.free]\nscheme = "hmac"\nsecret = "${SECRET}"\n`;
    await using gateway = await GatewayProcess.start(command, { config });
    const owner = await gateway.owner();
    const send = (source: string, n: number) => post(gateway.client(), fromHmac(SECRET, source, { type: "n", n }));
    expect([(await send("shop", 1)).status, (await send("shop", 2)).status]).toEqual([202, 202]);
    const over = await send("shop", 3);
    expect({ status: over.status, code: over.json["code"] }).toEqual({ status: 429, code: "source_over_budget" });
    expect(Number(over.headers.get("retry-after"))).toBeWithin(1, 61);
    expect(await refusalsOf(owner, "shop")).toMatchObject([
      { reason: "source_over_budget", fix: expect.stringContaining("channels.shop.rate_limit") },
    ]);
    expect(await eventsOf(owner, "shop")).toHaveLength(2);
    expect((await send("free", 1)).status).toBe(202);
  });

  test("what is not verified uses up nothing of a source's rate_limit", async () => {
    await using gateway = await GatewayProcess.start(command, { config: `${SHOP}rate_limit = 1\n` });
    for (let i = 0; i < 5; i += 1) {
      expect((await post(gateway.client(), fromHmac("wrong", "shop", { i }))).status).toBe(401);
    }
    expect((await post(gateway.client(), fromHmac(SECRET, "shop", { type: "right" }))).status).toBe(202);
  });

  test("a hundred wrong signatures from one address end in 429, and a right one from there is taken all the same", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const statuses: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      const answer = await post(gateway.client(), fromHmac("wrong", "shop", { i }));
      statuses.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers.get("retry-after"))).toBeWithin(1, 61);
    }
    expect(statuses).toEqual([...Array(60).fill(401), ...Array(40).fill(429)]);
    for (let i = 0; i < 100; i += 1) {
      expect((await post(gateway.client(), fromHmac(SECRET, "shop", { type: "right", i }))).status).toBe(202);
    }
    const owner = await gateway.owner(); // whoever pairs and asks with a token is not that stranger
    expect(await eventsOf(owner, "shop")).toHaveLength(100);
  });

  test("the same delivery fifty times at once is stored once, and every answer names the same event", async () => {
    await using gateway = await GatewayProcess.start(command, { config: `[channels.github]\nsecret = "${SECRET}"\n` });
    const owner = await gateway.owner();
    const delivery = fromGithub(SECRET, "push", { ref: "refs/heads/main" });
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(gateway.client(), delivery)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(49).fill(200), 202]);
    expect(new Set(answers.map((answer) => answer.field("event_id"))).size).toBe(1);
    expect(await eventsOf(owner)).toHaveLength(1);
  });
}

const DEEP = 60_000;

const HOSTILE: readonly (readonly [string, string])[] = [
  ["60,000 nested arrays", `${"[".repeat(DEEP / 2)}${"]".repeat(DEEP / 2)}`],
  ["60,000 arrays that never end", "[".repeat(DEEP)],
  ["nested objects", `${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}`],
  [
    "__proto__ and constructor keys",
    '{"__proto__":{"type":"polluted","admin":true},"constructor":{"prototype":{"x":1}}}',
  ],
  ["types that are no texts", '{"type":{"toString":"x"},"event":["a"],"action":true,"event_type":null}'],
  ["nothing", ""],
  ["a byte that is no JSON", "\u0000"],
  ["a mark of byte order alone", "\ufeff"],
  ["a type of 10,000 characters", JSON.stringify({ type: "t".repeat(10_000) })],
  ["a type with line breaks and control characters", JSON.stringify({ type: "a\r\nX-Y: z\u001b[2J\u202e" })],
  ["numbers beyond all bounds", '{"type":1e999,"id":-1e-999,"n":123456789012345678901234567890}'],
  ["halves of surrogate pairs", '{"type":"\\ud83d","message":"\\udc00\\ud800"}'],
  ["templates", '{"type":"{{body}}","message":"{{#each}}{{process.env}}</data-x>"}'],
];

function hostileBodies(command: readonly string[]): void {
  test("whatever a verified sender puts into a body is stored to the byte and comes to its end", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    for (const [what, body] of HOSTILE) {
      const taken = await post(gateway.client(), fromHmac(SECRET, "shop", body));
      expect({ what, status: taken.status }).toEqual({ what, status: 202 });
      const kept = await owner.get(`/api/events/${taken.field("event_id")}/body`);
      expect({ what, same: Buffer.from(body).equals(kept.bytes) }).toEqual({ what, same: true });
      expect((await owner.get(`/api/events/${taken.field("event_id")}`)).status).toBe(200);
    }
    await settled(owner);
    for (const { type } of await eventsOf(owner)) expect(String(type)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,128}$/u);
    const { code, stdout } = await gateway.command("events", "list");
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\u001b\[2J|\u202e/);
    expect(gateway.stderr).not.toContain('"level":"error"');
  });

  test("the same to a source that wants JSON of its provider's is 202, 400 or 200, never 500, and nothing gets stuck", async () => {
    const config = `[channels.github]\nsecret = "${SECRET}"\nallowed_repos = ["*"]\n[channels.whatsapp]\napp_secret = "${SECRET}"\nverify_token = "t"\nallowed_numbers = ["*"]\n`;
    await using gateway = await GatewayProcess.start(command, { config });
    const owner = await gateway.owner();
    for (const [what, body] of HOSTILE) {
      for (const source of ["github", "whatsapp"]) {
        const delivery = fromGithub(SECRET, "issue_comment", body);
        const { status } = await post(gateway.client(), { ...delivery, path: `/webhook/${source}` });
        expect({ what, source, status, fine: [200, 202, 400].includes(status) }).toMatchObject({ fine: true });
      }
    }
    await settled(owner);
  });

  test("headers of 10,000 characters: an answer of 4xx or 202, never 500, and the next delivery is taken", async () => {
    const config = `${SHOP}id_header = "X-Id"\ntype_header = "X-Kind"\n`;
    await using gateway = await GatewayProcess.start(command, { config });
    const owner = await gateway.owner();
    const long = "h".repeat(10_000);
    for (const headers of [
      { "X-Id": long, "X-Kind": "long id" },
      { "X-Id": "1", "X-Kind": long },
      { "X-Id": "2", "X-Kind": "x", "Content-Type": `text/${long}` },
      { "X-Id": "3", "X-Kind": "x", "X-Signature-256": long },
      { "X-Id": "4", "X-Kind": "x", "X-Other": long },
    ]) {
      const delivery = fromHmac(SECRET, "shop", { some: "thing" }, headers);
      const { status } = await post(gateway.client(), delivery);
      expect({ status, fine: status === 202 || (status >= 400 && status < 500) }).toMatchObject({ fine: true });
    }
    expect((await post(gateway.client(), fromHmac(SECRET, "shop", { a: 1 }, { "X-Id": "5" }))).status).toBe(202);
    await settled(owner);
    for (const row of await eventsOf(owner)) {
      expect(String(row["type"]).length).toBeLessThanOrEqual(128);
      expect(String(row["delivery_id"]).length).toBeLessThanOrEqual(255);
    }
  });

  test("a name that no source has is 404, wherever it would lead, and kept under no name of a stranger's choosing", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    for (const name of ["nothing", "__proto__", "constructor", "toString", "sohp", "shop%20", "%00", "a".repeat(300)]) {
      const { status } = await gateway.client().post(`/webhook/${name}`, "{}");
      expect({ name, status }).toEqual({ name, status: 404 });
    }
    const sources = await eventually("they are kept", async () => {
      const refusals = (await owner.get("/api/refusals?reason=unknown_source")).rows("refusals");
      return refusals.length === 8 && new Set(refusals.map(({ source }) => source));
    });
    expect(sources).toEqual(new Set(["sohp", "(unknown)"]));
    expect((await owner.get("/metrics")).text).toContain(
      'zeroclaw_deliveries_refused_total{source="(none)",reason="unknown_source"} 8',
    );
  });

  test("a body that is signed and then cut short is not taken for the delivery", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    const body = '{"type":"transfer","amount":10000}';
    const signature = { "X-Signature-256": hmacHex(SECRET, body) };
    const cut = await gateway.client().post("/webhook/shop", body.slice(0, -4), signature);
    expect(cut.status).toBe(401);
    expect(await eventsOf(owner)).toEqual([]);
  });
}
