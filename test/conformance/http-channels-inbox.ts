import { describe, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { eventIn, eventsOf, outcomesOf, refusalsOf, settled } from "../support/inbox.ts";
import { fromGithub, fromHmac, post } from "../support/signing.ts";

const SECRET = "a secret for the inbox";
const SHOP = `[channels.shop]\nscheme = "hmac"\nsecret = "${SECRET}"\nid_field = "id"\n`;

export function inboxConformance(command: readonly string[]): void {
  describe("sources and their events", () => {
    failClosed(command);
    replays(command);
    evidence(command);
  });
}

/** Tables that lack what verifies deliveries, and the setting that the operator is told of. */
const OFF: readonly (readonly [string, string, string])[] = [
  ["no secret", "[channels.github]\nreply = true\n", "channels.github.secret"],
  ["a secret in a variable that is not set", '[channels.github]\nsecret = "env:ZC_NOT_SET"\n', "ZC_NOT_SET"],
  ["a secret in a variable that is empty", '[channels.github]\nsecret = "env:ZC_EMPTY"\n', "ZC_EMPTY"],
  ["a secret in a file that is not there", '[channels.github]\nsecret = "file:/nonexistent/zc"\n', "/nonexistent/zc"],
  ["no secrets in the list", "[channels.github]\nsecrets = []\n", "channels.github.secret"],
  ["one of two that cannot be read", '[channels.github]\nsecrets = ["s", "env:ZC_NOT_SET"]\n', "ZC_NOT_SET"],
];

function failClosed(command: readonly string[]): void {
  test.each(OFF)(
    "%s: the channel is off, says so at the start, and takes nothing; the rest works",
    async (_what, config, named) => {
      await using gateway = await GatewayProcess.start(command, { config: config + SHOP, env: { ZC_EMPTY: "" } });
      const owner = await gateway.owner();
      await gateway.until(() => gateway.stderr.includes('The channel \\"github\\" is off'));
      expect(gateway.stderr).toContain(named);
      for (const secret of ["", "s", "undefined", "null"]) {
        const refused = await post(gateway.client(), fromGithub(secret, "push", {}));
        expect({ status: refused.status, code: refused.json["code"] }).toEqual({ status: 503, code: "channel_off" });
        expect(refused.headers.get("retry-after")).toBe("60");
      }
      expect(await refusalsOf(owner, "github")).toMatchObject(Array(4).fill({ reason: "channel_off" }));
      expect((await post(gateway.client(), fromHmac(SECRET, "shop", { type: "order", id: "1" }))).status).toBe(202);
      expect(await eventsOf(owner)).toMatchObject([{ source: "shop" }]);
      const { code, stderr } = await gateway.command("webhook", "test", "github");
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(named) });
      expect((await gateway.command("status")).stdout).toContain("github (off: ");
    },
  );

  test("an empty secret, or a blank one, stops the start or turns the channel off: it never takes a delivery", async () => {
    for (const secret of ['secret = ""', 'secret = "  "', 'secrets = ["right", ""]']) {
      const gateway = await GatewayProcess.launch(command, { config: `[channels.github]\n${secret}\n` });
      try {
        await gateway.until(() => gateway.printedAll() || /secrets?\b/.test(gateway.stderr));
        if (!gateway.printedAll()) {
          expect(await gateway.ended()).toBe(2);
          continue;
        }
        for (const key of ["", "  "]) {
          const { status } = await post(gateway.client(), fromGithub(key, "push", {}));
          expect({ secret, key, status }).toEqual({ secret, key, status: 503 });
        }
        expect(gateway.stderr).toContain('The channel \\"github\\" is off');
      } finally {
        await gateway.remove();
      }
    }
  });

  test("a secret in a file is read without the line break at its end", async () => {
    const first = await GatewayProcess.start(command, { config: "" });
    try {
      await first.stop();
      const path = join(first.dir, "github-secret");
      await writeFile(path, "from a file\n");
      await chmod(path, 0o600);
      await writeFile(join(first.dir, "config.toml"), `[channels.github]\nsecret = "file:${path}"\n`);
      const second = await first.again();
      const { status } = await post(second.client(), fromGithub("from a file", "push", {}));
      await second.stop();
      expect(status).toBe(202);
    } finally {
      await first.remove();
    }
  });
}

function replays(command: readonly string[]): void {
  test("an event is replayed from the command line: attempted again, counted on, and its sender's repetition stays one", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    const delivery = fromHmac(SECRET, "shop", { type: "order", id: "o1" });
    const event_id = (await post(gateway.client(), delivery)).field("event_id");
    await eventIn(owner, event_id);
    const { code, stdout } = await gateway.command("events", "replay", event_id);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Replaying ${event_id}.\n` });
    const again = await eventually("it was attempted twice", async () => {
      const event = await eventIn(owner, event_id);
      return event["attempts"] === 2 && event;
    });
    expect(outcomesOf(again)).toEqual([
      expect.stringMatching(/^done/),
      expect.stringMatching(/^replayed: .*command line/),
      expect.stringMatching(/^done/),
    ]);
    expect((await post(gateway.client(), delivery)).json).toEqual({ status: "duplicate", event_id });
    expect(await eventsOf(owner)).toHaveLength(1);
  });

  test("all of a source are replayed at once, once each; those of another are left alone", async () => {
    const config = `${SHOP}[channels.other]\nscheme = "hmac"\nsecret = "${SECRET}"\n`;
    await using gateway = await GatewayProcess.start(command, { config });
    const owner = await gateway.owner();
    for (let id = 0; id < 20; id += 1) {
      await post(gateway.client(), fromHmac(SECRET, "shop", { type: "order", id }));
      await post(gateway.client(), fromHmac(SECRET, "other", { type: "order", id }));
    }
    await settled(owner);
    const answer = await owner.post("/api/events/replay", { state: "done", source: "shop", since: "1h" });
    expect({ status: answer.status, body: answer.json }).toEqual({
      status: 202,
      body: { status: "replaying", events: 20 },
    });
    await settled(owner);
    const attempts = async (source: string) => (await eventsOf(owner, source)).map((event) => event["attempts"]);
    expect(await attempts("shop")).toEqual(Array(20).fill(2));
    expect(await attempts("other")).toEqual(Array(20).fill(1));
    const { code, stderr } = await gateway.command("events", "replay", "--failed", "--since", "24h");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "No failed events match.\n" });
  });

  test("purge takes the bytes: the event stays as a row by which repetitions are known, and cannot be replayed", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    const delivery = fromHmac(SECRET, "shop", { type: "order", id: "o1", note: "purge me" });
    const event_id = (await post(gateway.client(), delivery)).field("event_id");
    await eventIn(owner, event_id);
    const { code, stdout } = await gateway.command("events", "purge", "--older-than", "0s", "--yes");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Purged 1 event. Removed 0 events altogether.\n" });
    expect((await owner.get(`/api/events/${event_id}`)).json).toMatchObject({ purged: true, headers: {} });
    expect((await owner.get(`/api/events/${event_id}/body`)).text).not.toContain("purge me");
    expect((await post(gateway.client(), delivery)).json).toEqual({ status: "duplicate", event_id });
    expect((await owner.post(`/api/events/${event_id}/replay`)).json).toMatchObject({ code: "event_purged" });
  });
}

function evidence(command: readonly string[]): void {
  test("/metrics, status and webhook trace tell of what was accepted, repeated and refused", async () => {
    await using gateway = await GatewayProcess.start(command, { config: SHOP });
    const owner = await gateway.owner();
    const delivery = fromHmac(SECRET, "shop", { type: "order", id: "o1" });
    for (let time = 0; time < 3; time += 1) await post(gateway.client(), delivery);
    const wrong = await post(gateway.client(), fromHmac("another", "shop", { type: "order", id: "o2" }));
    await gateway.client().post("/webhook/shop", "{}");
    await settled(owner);
    const metrics = (await owner.get("/metrics")).text.split("\n");
    expect(metrics).toEqual(
      expect.arrayContaining([
        'zeroclaw_events_accepted_total{source="shop"} 1',
        'zeroclaw_events_duplicate_total{source="shop"} 2',
        'zeroclaw_deliveries_refused_total{source="shop",reason="wrong_signature"} 1',
        'zeroclaw_deliveries_refused_total{source="shop",reason="missing_signature"} 1',
        "zeroclaw_inbox_depth 0",
        "zeroclaw_inbox_dead 0",
        "zeroclaw_event_duration_ms_count 1",
      ]),
    );
    expect((await gateway.command("status")).stdout).toMatch(/channels +shop\n(.*\n)?inbox +0 waiting, 0 running/m);
    const list = await gateway.command("webhook", "trace", "--source", "shop");
    expect(list.stdout).toMatch(/^TIME \(UTC\) +REQUEST +SOURCE +REASON +CLIENT$/m);
    expect(list.stdout).toMatch(/shop +missing_signature +127\.0\.0\.1$/m);
    const one = await gateway.command("webhook", "trace", String(wrong.headers.get("x-request-id")));
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^reason +wrong_signature$/m);
    expect(one.stdout).toContain("What was found");
    expect(one.stdout).toContain('Compare "channels.shop.secret"');
  });
}
