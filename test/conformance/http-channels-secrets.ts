import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeProcess } from "../fakes/fake-process.ts";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { eventsOf, replyOf, settled } from "../support/inbox.ts";
import {
  commentPayload,
  fromGithub,
  fromHmac,
  fromWhatsapp,
  post,
  textMessage,
  whatsappBatch,
} from "../support/signing.ts";

/** Everything that is to be found nowhere has this in it. */
const MARK = "hush4711";
const secret = (of: string) => `${of}-${MARK}`;

function configFor(graph: string, github: string): string {
  return `
[channels.github]
secret = "${secret("github")}"
allowed_repos = ["*"]
reply = true
access_token = "${secret("ghs")}"
api_url = "${github}"
reply_private = true
[channels.whatsapp]
app_secret = "${secret("app")}"
verify_token = "${secret("verify")}"
access_token = "${secret("graph")}"
allowed_numbers = ["*"]
graph_url = "${graph}"
reply_private = true
[channels.shop]
scheme = "hmac"
secrets = ["${secret("old")}", "${secret("new")}"]
reply_url = "http://127.0.0.1:1/answers"
reply_secret = "whsec_${Buffer.from(secret("reply-key-of-a-good-length")).toString("base64")}"
reply_private = true
[channels.git]
scheme = "bearer"
header = "X-Key-Of-Ours"
secret = "${secret("bearer")}"
[channels.meter]
scheme = "basic"
secret = "${secret("basic")}"
[channels.bot]
scheme = "telegram"
secret = "${secret("telegram")}"
[channels.legacy]
scheme = "path"
secret = "${secret("path")}"
`;
}

/** Whoever guesses is shown nothing of the guess either: it is mostly right but for a letter. */
async function deliver(gateway: GatewayProcess): Promise<void> {
  const provider = gateway.client();
  const statuses: number[] = [];
  const say = async (answer: Promise<{ readonly status: number; readonly text: string }>) => {
    const { status, text } = await answer;
    expect(text).not.toContain(MARK);
    statuses.push(status);
  };
  await say(post(provider, fromGithub(secret("github"), "issue_comment", commentPayload({ body: "What now?" }))));
  await say(post(provider, fromGithub("wrong", "push", {})));
  await say(post(provider, fromWhatsapp(secret("app"), whatsappBatch([textMessage("wamid.1", "Hello?")]))));
  for (const token of [secret("verify-not"), `${secret("verify")} `]) {
    const query = new URLSearchParams({ "hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1" });
    await say(provider.get(`/webhook/whatsapp?${query}`));
  }
  await say(post(provider, fromHmac(secret("new"), "shop", { type: "order" })));
  const json = (headers: Record<string, string>) => ({ "Content-Type": "application/json", ...headers });
  for (const key of [secret("bearer"), secret("guess")]) {
    await say(provider.post("/webhook/git", "{}", json({ "X-Key-Of-Ours": key })));
    await say(provider.post("/webhook/meter", "{}", json({ Authorization: `Basic ${btoa(`u:${key}`)}` })));
    await say(provider.post("/webhook/bot", '{"update_id":1}', json({ "X-Telegram-Bot-Api-Secret-Token": key })));
  }
  await say(provider.post("/webhook/meter", "{}", json({ Authorization: `Basic ${btoa(`u:${secret("basic")}`)}` })));
  await say(
    provider.post("/webhook/bot", '{"update_id":1}', json({ "X-Telegram-Bot-Api-Secret-Token": secret("telegram") })),
  );
  const path = `/webhook/legacy/${secret("path")}`;
  // What proxies add of the address that they were asked for.
  await say(provider.post(path, "{}", json({ "X-Original-URI": path, "X-Forwarded-Uri": path.replace("-", "%2d") })));
  await say(provider.post(`/webhook/legacy/${secret("guess")}`, "{}"));
  await say(provider.post(`/webhook/shop/${secret("path")}`, "{}"));
  expect(statuses).toEqual([202, 401, 200, 403, 403, 202, 202, 401, 401, 401, 401, 401, 202, 202, 202, 401, 404]);
}

export function secretConformance(command: readonly string[]): void {
  describe("secrets", () => {
    test("no secret, token or guess of one is in the log, the events, the refusals, the metrics, the settings or the database", async () => {
      await using graph = await FakeProcess.start("graph");
      await using github = await FakeProcess.start("github");
      await graph.order("throttle");
      await github.order("error");
      await using gateway = await GatewayProcess.start(command, { config: configFor(graph.url, github.url) });
      const owner = await gateway.owner();
      await deliver(gateway);
      await settled(owner);
      const events = await eventsOf(owner);
      const shown = await eventually("every answer was tried", async () => {
        const all = await Promise.all(events.map(async ({ event_id }) => owner.get(`/api/events/${event_id}`)));
        const tried = all.map(({ json }) => replyOf(json)).filter((reply) => Number(reply?.["attempts"]) > 0);
        return tried.length === 3 && all.map(({ text }) => text);
      });
      expect(shown.join()).toContain("[redacted]");
      const places: Record<string, string> = { events: shown.join("\n") };
      for (const path of ["/api/refusals", "/metrics", "/api/config", "/api/sources", "/api/status", "/api/history"]) {
        places[path] = (await owner.get(path)).text;
      }
      for (const args of [
        ["config", "list"],
        ["webhook", "trace"],
        ["status"],
        ["webhook", "test", "legacy"],
        ["events", "list"],
      ]) {
        const { stdout, stderr } = await gateway.command(...args);
        places[args.join(" ")] = stdout + stderr;
      }
      await gateway.stop();
      places["log"] = gateway.stdout + gateway.stderr;
      places["database"] = await readFile(join(gateway.dir, "state.db"), "latin1");
      expect(places["database"]).toContain("What now?"); // what came is there, so what is not there is not elsewhere
      const sealed = [MARK, ...["basic", "bearer", "guess"].map((of) => btoa(`u:${secret(of)}`).slice(4, -4))];
      for (const [place, text] of Object.entries(places)) {
        expect({ place, size: text.length > 0 }).toEqual({ place, size: true });
        for (const mark of sealed) {
          const at = text.indexOf(mark);
          expect({ place, found: at < 0 ? "" : text.slice(Math.max(0, at - 80), at + 20) }).toEqual({
            place,
            found: "",
          });
        }
      }
    });
  });
}
