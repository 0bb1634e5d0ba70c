/**
 * Kills the executable over and over under load and counts what became of every delivery: `bun run build && bun
 * scripts/crash.ts [--rounds 300] [--per-round 20] [--seed n] [--kinds github,whatsapp,webhook]`. The same seed makes the
 * same deliveries, faults and moments; when the process dies within them is up to the machine. Ends with 1 when a promise of
 * docs/durability.md was broken.
 */
import { parseArgs } from "node:util";
import { campaign } from "../test/crash/campaign.ts";
import { KINDS } from "../test/crash/deliveries.ts";
import { BINARY, buildBinary } from "../test/support/gateway-process.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    "per-round": { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    kinds: { type: "string", default: KINDS.join(",") },
  },
});
const wanted = values.kinds.split(",");
const seed = Number(values.seed);

await buildBinary();
console.log(`seed ${seed}, ${values.rounds} rounds`);
const began = performance.now();
const { counts, kills, violations, exitCode } = await campaign({
  command: BINARY,
  seed,
  rounds: Number(values.rounds),
  perRound: Number(values["per-round"]),
  kinds: KINDS.filter((kind) => wanted.includes(kind)),
  hangs: true,
  settleMs: 300_000,
  say: (line) => console.log(line),
});
for (const [name, count] of Object.entries({ ...counts, ...prefixed("killed at ", kills) }))
  console.log(`${name.replaceAll("_", " ").padEnd(28)} ${count}`);
console.log(`last stop ended with ${exitCode}; ${((performance.now() - began) / 1_000).toFixed(0)} s in all`);
for (const violation of violations) console.error(`✗ ${violation}`);
console.log(
  violations.length === 0 ? `No promise was broken (seed ${seed}).` : `${violations.length} broken promises.`,
);
process.exit(violations.length === 0 && exitCode === 0 ? 0 : 1);

function prefixed(prefix: string, record: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([name, count]) => [prefix + name, count]));
}
