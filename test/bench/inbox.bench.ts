/**
 * What large deliveries cost in memory: `bun test/bench/inbox.bench.ts` after `bun run build`. Each line is a fresh gateway that
 * is sent signed GitHub deliveries of 25 MB, all at once; VmHWM is the most that was resident at any time (proc(5)), read when the
 * last answer is there and the events are worked off. Linux only. Figures with their machine and date are in docs/durability.md.
 */
import { readFile } from "node:fs/promises";
import { configFor, largePush } from "../crash/deliveries.ts";
import { BINARY, eventually, GatewayProcess } from "../support/gateway-process.ts";

const NOWHERE = "http://127.0.0.1:9";
const SIZE = 26_214_400;

console.log("at once   accepted   told to wait   seconds   peak MB   idle before MB   30 s later MB");
for (const atOnce of [1, 2, 4, 8]) await measure(atOnce);

async function measure(atOnce: number): Promise<void> {
  await using gateway = await GatewayProcess.start(BINARY, { config: configFor({ graph: NOWHERE, github: NOWHERE }) });
  const owner = await gateway.owner();
  const before = await memoryMb(gateway.pid, "VmRSS");
  const deliveries = Array.from({ length: atOnce }, (_, i) => largePush(`large-${i}`, SIZE));
  const began = performance.now();
  const statuses = await Promise.all(
    deliveries.map(async ({ path, headers, body }) => (await gateway.client().post(path, body, headers)).status),
  );
  const seconds = (performance.now() - began) / 1_000;
  const accepted = statuses.filter((status) => status === 202).length;
  const refused = statuses.filter((status) => status === 503).length;
  if (accepted + refused !== atOnce) throw new Error(`Some were answered otherwise: ${statuses.join(", ")}`);
  await eventually("all are worked off", async () => {
    const events = (await owner.get("/api/events")).rows("events");
    return events.length === accepted && events.every(({ state }) => state === "done");
  });
  const peak = await memoryMb(gateway.pid, "VmHWM");
  await Bun.sleep(30_000);
  const after = await memoryMb(gateway.pid, "VmRSS");
  const cells = [atOnce, accepted, refused, seconds.toFixed(1), peak, before, after];
  console.log(cells.map((cell, i) => String(cell).padStart([7, 11, 15, 10, 10, 17, 15][i] ?? 0)).join(""));
}

async function memoryMb(pid: number, name: "VmRSS" | "VmHWM"): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0);
}
