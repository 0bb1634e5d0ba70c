import { beforeAll, expect, test } from "bun:test";
import type { Answer } from "../support/gateway-client.ts";
import { BINARY, buildBinary, eventually, GatewayProcess } from "../support/gateway-process.ts";
import { configFor, type Delivery, largePush } from "./deliveries.ts";

const NOWHERE = "http://127.0.0.1:9";
/** GitHub's own limit, and the gateway's for it (contract §3). */
const SIZE = 26_214_400;
const AT_ONCE = 8;

beforeAll(buildBinary, 120_000);

test("of 8 deliveries of 25 MB at once each is stored to the byte or told when to come again", async () => {
  await using gateway = await GatewayProcess.start(BINARY, { config: configFor({ graph: NOWHERE, github: NOWHERE }) });
  const owner = await gateway.owner();
  const deliveries = Array.from({ length: AT_ONCE }, (_, i) => largePush(`large-${i}`, SIZE));
  const post = ({ path, headers, body }: Delivery) => gateway.client().post(path, body, headers);
  const answers = await Promise.all(deliveries.map(post));
  const accepted = new Map<Delivery, Answer>();
  const refused: Delivery[] = [];
  for (const [i, answer] of answers.entries()) {
    if (answer.status === 202) accepted.set(deliveries[i]!, answer);
    else {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      refused.push(deliveries[i]!);
    }
  }
  expect(accepted.size).toBeGreaterThan(0);
  // Whoever was told to come again does, alone: all of them get in.
  for (const delivery of refused) {
    const answer = await post(delivery);
    expect(answer.status).toBe(202);
    accepted.set(delivery, answer);
  }
  for (const [{ body }, answer] of accepted) {
    const event_id = answer.field("event_id");
    const stored = await owner.get(`/api/events/${event_id}/body`);
    expect(stored.bytes.length).toBe(SIZE);
    expect(Bun.hash(stored.bytes)).toBe(Bun.hash(body));
    await eventually(
      "it is worked off",
      async () => (await owner.get(`/api/events/${event_id}`)).field("state") === "done",
    );
  }
}, 60_000);
