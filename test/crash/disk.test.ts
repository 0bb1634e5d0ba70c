import { Database } from "bun:sqlite";
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Answer, GatewayClient, Row } from "../support/gateway-client.ts";
import { BINARY, buildBinary, eventually, GatewayProcess } from "../support/gateway-process.ts";
import { canMount, fullFileSystem, limitedFiles, type NarrowDisk } from "./full-disk.ts";

const CONFIG = "[gateway.rate_limit]\nmax_requests_per_window = 1000000\n";
/** Deliveries that are certainly more than there is room for. */
const TOO_MANY = 400;
/** Deliveries at once: some of a batch fit, some do not. */
const TOGETHER = 8;

beforeAll(buildBinary, 120_000);

/** What was answered 202, by the text that was sent; and what was not. */
interface Posted {
  readonly accepted: Map<string, string>;
  readonly refused: Map<string, Answer>;
}

const nothing = (): Posted => ({ accepted: new Map(), refused: new Map() });

async function post(owner: GatewayClient, text: string, posted: Posted): Promise<void> {
  const body = { type: "note", text, filler: "x".repeat(20_000) };
  const answer = await owner.post("/webhook", body, { "Idempotency-Key": text });
  if (answer.status === 202) posted.accepted.set(text, answer.field("event_id"));
  else posted.refused.set(text, answer);
}

/** Posts until the first refusal, several at once. */
async function fill(owner: GatewayClient): Promise<Posted> {
  const posted = nothing();
  for (let i = 0; i < TOO_MANY && posted.refused.size === 0; i += TOGETHER)
    await Promise.all(Array.from({ length: TOGETHER }, (_, j) => post(owner, `n${i + j}`, posted)));
  return posted;
}

/** Each is refused as the contract says, and told nothing of the store. */
function expectRefusals(refused: Iterable<Answer>): void {
  for (const answer of refused) {
    expect([answer.status, answer.json["code"]]).toEqual([503, "store_unavailable"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.text).not.toMatch(/SQLITE|ENOSPC|database|\.db/);
  }
}

async function listed(owner: GatewayClient): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (let after = ""; ; ) {
    const page = await owner.get(`/api/events?limit=200${after}`);
    all.push(...page.rows("events"));
    if (typeof page.json["next"] !== "string") return all;
    after = `&after=${page.json["next"]}`;
  }
}

/** Everything acknowledged is there once, whole and done; nothing else is. */
async function expectKept(owner: GatewayClient, dir: string, { accepted }: Posted): Promise<void> {
  const rows = await eventually("every event is done", async () => {
    const events = await listed(owner);
    return events.every(({ state }) => state === "done") && events;
  });
  expect(rows.map((row) => row["event_id"]).sort()).toEqual([...accepted.values()].sort());
  using db = new Database(join(dir, "state.db"), { readonly: true });
  expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  expect(db.query("PRAGMA foreign_key_check").values()).toEqual([]);
  const bodies = db.query<{ event_id: string; text: string; size: number }, []>(
    "SELECT event_id, json_extract(CAST(body AS TEXT), '$.text') AS text, length(body) - size AS size FROM events JOIN event_bodies USING (id)",
  );
  expect(new Map(bodies.all().map(({ text, event_id }) => [text, event_id]))).toEqual(accepted);
  expect(bodies.all().every(({ size }) => size === 0)).toBe(true);
  const twice = "SELECT event, count(*) AS n FROM event_attempts WHERE outcome = 'done' GROUP BY event HAVING n <> 1";
  expect(db.query(twice).all()).toEqual([]);
}

const WAYS: readonly (readonly [string, boolean, (config: string) => Promise<NarrowDisk>])[] = [
  ["a file system without room (tmpfs)", canMount(), fullFileSystem],
  ["files that may not grow (RLIMIT_FSIZE)", Bun.which("prlimit") !== null, limitedFiles],
];

describe.each(WAYS)("with %s", (_, possible, narrow) => {
  test.skipIf(!possible)(
    "the gateway answers 503, keeps all it accepted, and goes on by itself when there is room again",
    async () => {
      await using disk = await narrow(CONFIG);
      const { gateway } = disk;
      const owner = await gateway.owner();
      const posted = await fill(owner);
      expect(posted.accepted.size).toBeGreaterThan(TOGETHER);
      expect(posted.refused.size).toBeGreaterThan(0);
      // A write that is smaller than the refused one may still fit, and then the store is well for as long as that.
      await eventually("/health says that there is no room", async () => {
        await post(owner, `more${posted.accepted.size + posted.refused.size}`, posted);
        return (await gateway.fetch("/health")).status === 503;
      });
      expectRefusals(posted.refused.values());

      await disk.makeRoom();
      await eventually("it is healthy again", async () => (await gateway.fetch("/health")).status === 200);
      // Whoever was refused sends again, under the same key.
      for (const text of posted.refused.keys()) await post(owner, text, posted);
      await expectKept(owner, gateway.dir, posted);
      expect(await gateway.stop()).toBe(0);
    },
    60_000,
  );

  test.skipIf(!possible)(
    "a gateway killed while it has none starts again with all it accepted",
    async () => {
      await using disk = await narrow(CONFIG);
      const owner = await disk.gateway.owner();
      const posted = await fill(owner);
      await disk.gateway.kill();
      await disk.makeRoom().catch(() => undefined); // a limit of the process ended with it
      const again = await GatewayProcess.start(BINARY, { dir: disk.gateway.dir });
      try {
        await expectKept(again.client(owner.token), again.dir, posted);
      } finally {
        await again.kill();
      }
    },
    60_000,
  );
});

describe("while another process holds the database's write lock", () => {
  test("the gateway answers 503, stores nothing of it, and goes on by itself when the lock is gone", async () => {
    await using gateway = await GatewayProcess.start(BINARY, { config: CONFIG });
    const owner = await gateway.owner();
    const posted = nothing();
    for (let i = 0; i < TOGETHER; i += 1) await post(owner, `before${i}`, posted);
    using other = new Database(join(gateway.dir, "state.db"));
    other.run("PRAGMA busy_timeout = 5000");
    other.run("BEGIN IMMEDIATE");
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => post(owner, `during${i}`, posted)));
    expect([...posted.refused.keys()].sort()).toEqual(Array.from({ length: TOGETHER }, (_, i) => `during${i}`));
    expectRefusals(posted.refused.values());
    expect((await gateway.fetch("/health")).status).toBe(503);
    expect(other.query("SELECT count(*) FROM events").values()).toEqual([[TOGETHER]]);

    other.run("ROLLBACK");
    await eventually("it is healthy again", async () => (await gateway.fetch("/health")).status === 200);
    for (const text of posted.refused.keys()) await post(owner, text, posted);
    expect(posted.accepted.size).toBe(2 * TOGETHER);
    await expectKept(owner, gateway.dir, posted);
  }, 60_000);
});
