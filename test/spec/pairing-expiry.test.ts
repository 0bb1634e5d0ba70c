import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFirstFile } from "../../src/config/first-file.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configPath } from "../../src/config/paths.ts";
import { type RunningGateway, startGateway } from "../../src/gateway/gateway.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { Log } from "../../src/observe/log.ts";
import { ManualClock } from "../support/clock.ts";
import { GatewayClient } from "../support/gateway-client.ts";

setDefaultTimeout(60_000);

const MINUTE = 60_000;

/** A whole gateway on a real port, whose clock is the test's. Nobody waits 15 minutes at the door of a process. */
async function withGateway(work: (running: RunningGateway, clock: ManualClock) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
  const clock = new ManualClock();
  const log = new Log({ clock, write: () => undefined, format: "json", level: "error" });
  try {
    await createFirstFile(configPath(dir));
    const loaded = await loadConfig({ dir, env: {}, flags: { port: 0 } });
    const running = await startGateway({ dir, loaded, clock, random: systemRandom, log, newPairing: false });
    try {
      await work(running, clock);
    } finally {
      await running.stop(0);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function pair({ port, code }: Pick<RunningGateway, "port" | "code">) {
  return new GatewayClient(`http://127.0.0.1:${port}`).post("/pair", { code });
}

describe("Pairing codes are time-limited", () => {
  test("a pairing code is good until 15 minutes are over", async () => {
    await withGateway(async (running, clock) => {
      clock.advance(15 * MINUTE - 1);
      expect((await pair(running)).status).toBe(200);
    });
  });

  test("a pairing code that is 15 minutes old is expired", async () => {
    await withGateway(async (running, clock) => {
      clock.advance(15 * MINUTE);
      const refused = await pair(running);
      expect({ status: refused.status, code: refused.json["code"] }).toEqual({ status: 403, code: "invalid_code" });
    });
  });

  test("setting the machine's clock back does not keep a code alive", async () => {
    await withGateway(async (running, clock) => {
      clock.advance(15 * MINUTE);
      clock.setWallTime(clock.now() - 60 * MINUTE);
      expect((await pair(running)).status).toBe(403);
    });
  });
});
