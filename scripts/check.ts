/**
 * The one gate: format, lint, types, generated files, then the tests (the architecture and the page's suite are among
 * them). `bun run check --without-tests` leaves the tests to `bun run test`.
 */
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const bun = process.execPath;

const STEPS: Readonly<Record<string, readonly string[]>> = {
  "install dependencies": [bun, "install", "--frozen-lockfile", "--silent"],
  "format and lint": [bun, "x", "biome", "check", "--error-on-warnings"],
  types: [bun, "x", "tsc", "-p", "."],
  "generated files and docs": [bun, "scripts/generate.ts", "--check"],
  ...(process.argv.includes("--without-tests") ? {} : { tests: [bun, "scripts/test.ts"] }),
};

for (const [name, command] of Object.entries(STEPS)) {
  const began = performance.now();
  const { exitCode } = Bun.spawnSync([...command], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) {
    console.error(`✗ ${name}`);
    process.exit(1);
  }
  console.error(`✓ ${name} (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
}
