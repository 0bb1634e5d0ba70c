import { beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../fakes/seeded.ts";
import { BINARY, buildBinary, eventually, GatewayProcess } from "../support/gateway-process.ts";
import { configFor, deliveryMaker, KINDS } from "./deliveries.ts";
import { Sender } from "./sender.ts";
import { readTrace } from "./trace.ts";

const NOWHERE = "http://127.0.0.1:9";
const CALLS = "fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg,recvfrom,recvmsg,read";
const EACH = 40;

beforeAll(buildBinary, 120_000);

test.skipIf(!Bun.which("strace")).each(KINDS)(
  "every 2xx to a %s delivery is sent after the write-ahead log was synced to the disk",
  async (kind) => {
    // -D: the tracer is a child of the gateway, so that signals reach the gateway itself.
    const strace = ["strace", "-D", "-f", "-y", "-s", "40", "-e", `trace=${CALLS}`, "-o", "trace.txt", ...BINARY];
    await using gateway = await GatewayProcess.start(strace, {
      config: configFor({ graph: NOWHERE, github: NOWHERE }),
    });
    const token = await gateway.pair();
    const next = deliveryMaker(seeded(1), token, [kind]);
    const sender = new Sender();
    for (let i = 0; i < EACH; i += 1) await sender.send(gateway.url, [next()]);
    await sender.send(
      gateway.url,
      Array.from({ length: EACH }, () => next()),
    );
    expect(sender.acknowledged).toBe(2 * EACH);
    await gateway.stop();
    // The tracer goes on for a moment after the gateway has ended.
    const trace = await eventually("the trace is whole", async () => {
      const text = await readFile(join(gateway.dir, "trace.txt"), "utf8");
      return new RegExp(`^${gateway.pid} +\\+{3} exited with 0`, "m").test(text) && text;
    });
    const { answers, syncs, early } = readTrace(trace);
    expect(early).toEqual([]);
    expect(answers).toBe(2 * EACH);
    expect(syncs).toBeGreaterThan(EACH);
  },
  60_000,
);
