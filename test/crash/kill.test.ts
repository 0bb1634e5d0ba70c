import { beforeAll, expect, test } from "bun:test";
import { BINARY, buildBinary } from "../support/gateway-process.ts";
import { campaign } from "./campaign.ts";

const SEED = 20_261_122;
const ROUNDS = 20;
const PER_ROUND = 20;

beforeAll(buildBinary, 120_000);

test(`a gateway killed ${ROUNDS} times under load loses nothing it accepted and does nothing twice`, async () => {
  const { violations, counts, exitCode } = await campaign({
    command: BINARY,
    seed: SEED,
    rounds: ROUNDS,
    perRound: PER_ROUND,
    settleMs: 100_000,
  });
  expect(violations).toEqual([]);
  expect(exitCode).toBe(0);
  // A run that accepted next to nothing would prove nothing.
  expect(counts["acknowledged"]).toBeGreaterThan(ROUNDS * 5);
  expect(counts["comments_once"]).toBeGreaterThan(ROUNDS);
  expect(counts["messages_once"]).toBeGreaterThan(ROUNDS);
}, 180_000);
