import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RouteParts, routes } from "../../src/gateway/routes.ts";
import { Door, type DoorClient } from "../support/services.ts";

/** One secret for each place that can hold one. None may come out anywhere. */
const PLANTED = {
  apiKey: "sk-planted-agent-api-key",
  appSecret: "planted-whatsapp-app-secret",
  verifyToken: "planted-whatsapp-verify-token",
  accessToken: "planted-whatsapp-access-token",
  githubSecret: "planted-github-secret",
  githubAccess: "planted-github-access-token",
  rotated: "planted-rotated-secret",
  pathSecret: "planted-path-secret",
  fromEnvironment: "planted-secret-of-the-environment",
  fromFile: "planted-secret-of-a-file",
  plainToken: `zc_${"5ec4e7".repeat(11).slice(0, 64)}`,
  authorization: `zc_${"bad0".repeat(16)}`,
  cookie: "planted-cookie",
  header: "planted-x-api-key",
} as const;

function configFor(dir: string): string {
  return `
[gateway]
paired_tokens = ["${PLANTED.plainToken}"]
[gateway.rate_limit]
enabled = false
[agent]
api_key = "${PLANTED.apiKey}"
[channels.whatsapp]
app_secret = "${PLANTED.appSecret}"
verify_token = "${PLANTED.verifyToken}"
access_token = "${PLANTED.accessToken}"
[channels.github]
secrets = ["${PLANTED.githubSecret}", "${PLANTED.rotated}"]
access_token = "${PLANTED.githubAccess}"
[channels.doorbell]
scheme = "path"
secret = "${PLANTED.pathSecret}"
[channels.builds]
scheme = "hmac"
secret = "env:BUILDS_SECRET"
[channels.alarms]
scheme = "bearer"
secret = "file:${join(dir, "alarm-secret")}"
[channels.broken]
scheme = "hmac"
secret = "env:NOT_THERE"
`;
}

/** Every route, every method that it has, and with everything that a client may send wrong. */
async function askEverything(clients: readonly DoorClient[], ids: Readonly<Record<string, string>>): Promise<string[]> {
  const table = routes({ config: { v1: { max_body: 1 } } } as RouteParts); // the handlers are made, not called
  const texts: string[] = [];
  for (const client of clients) {
    for (const { method, path } of table.filter(({ path }) => path !== "/api/stream" && path !== "/pair")) {
      const there = path.replace(":id", ids[path.split("/")[2] ?? ""] ?? "x");
      for (const body of method === "GET" || method === "DELETE" ? [undefined] : [{ message: "Hi", name: "x" }, "{"]) {
        if (method === "DELETE" && path.startsWith("/api/devices")) continue; // the tokens are still needed
        const { text, headers } = await client.request(method, there, body);
        texts.push(`${method} ${path}\n${JSON.stringify([...headers])}\n${text}`);
      }
    }
  }
  return texts;
}

test("no secret comes out: not in an answer, not in a header, not in a line of the log, not in the database", async () => {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-secrets-"));
  await writeFile(join(dir, "alarm-secret"), `${PLANTED.fromFile}\n`);
  const env = { BUILDS_SECRET: PLANTED.fromEnvironment };
  const door = await Door.open({ dir, config: configFor(dir), env });
  try {
    const owner = door.client(PLANTED.plainToken);
    const chat = await door.paired("chat");
    const sent = { Cookie: `session=${PLANTED.cookie}`, "X-Api-Key": PLANTED.header, "X-Auth-Token": PLANTED.header };
    const event_id = (await owner.post("/webhook", { type: "deploy" }, sent)).field("event_id");
    const run_id = (await owner.post("/api/message", { message: "Hi", session_id: "s" })).field("run_id");
    await door.until("the event is done", async () => (await door.store.events.get(event_id))?.state === "done");
    const ids = { events: event_id, runs: run_id, sessions: "s", devices: chat.device_id };
    const feed = await owner.respond("GET", "/api/stream", undefined, { "Last-Event-ID": "x" });
    const clients = [owner, chat, door.client(), door.client(PLANTED.authorization), door.local()];
    const answers = await askEverything(clients, ids);
    await owner.get(`/ws?token=${PLANTED.plainToken}`);
    await owner.get(`/nothing/${PLANTED.plainToken}`);
    expect(answers.length).toBeGreaterThan(100);
    door.clock.advance(60_000);
    await door.settle();
    const drained = door.services.drain(Promise.resolve(), 0);
    answers.push(await feed.text());
    door.clock.advance(1_000);
    await drained;
    await door.stop();
    const database = await Bun.file(join(dir, "state.db")).bytes();
    const wal = await Bun.file(join(dir, "state.db-wal"))
      .bytes()
      .catch(() => new Uint8Array());
    const places = {
      answers: answers.join("\n"),
      log: door.lines.join(""),
      database: Buffer.concat([database, wal]).toString("latin1"),
    };
    for (const [place, text] of Object.entries(places))
      for (const [name, secret] of Object.entries({ ...PLANTED, chatToken: chat.token ?? "" }))
        expect({ place, name, leaked: text.includes(secret) }).toEqual({ place, name, leaked: false });
    expect(door.lines.length).toBeGreaterThan(100); // it was not merely empty
  } finally {
    await door.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
