/** Runs the benchmarks, one after the other: `bun run bench [name…]`. Figures mean something on a quiet machine only. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const wanted = process.argv.slice(2);
const files = readdirSync(join(ROOT, "test/bench")).filter((file) => file.endsWith(".bench.ts"));

for (const file of files) {
  if (wanted.length > 0 && !wanted.includes(file.replace(".bench.ts", ""))) continue;
  console.log(`\n# ${file}`);
  Bun.spawnSync([process.execPath, join("test/bench", file)], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
}
