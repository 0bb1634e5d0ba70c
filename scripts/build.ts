/**
 * Builds `dist/zeroclaw` for this machine: `bun run build [--outfile path]`. Nothing is read from the folder the executable
 * is started in: Bun would otherwise load `.env` and `bunfig.toml` from there.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dir, "..");
/**
 * How many times longer than usual code is interpreted before it is compiled to machine code, until the gateway has started
 * (`cli/gateway.ts` ends that): what runs once does not pay back the compiler's time, nor its 3 MB of memory.
 */
const JIT_RELUCTANCE = 8;

const { values } = parseArgs({ options: { outfile: { type: "string", default: join(ROOT, "dist/zeroclaw") } } });
const outfile = values.outfile;
mkdirSync(dirname(outfile), { recursive: true });

const commit = Bun.spawnSync(["git", "rev-parse", "--short=12", "HEAD"], { cwd: ROOT, stderr: "ignore" })
  .stdout.toString()
  .trim();

const build = Bun.spawnSync(
  [
    process.execPath,
    "build",
    join(ROOT, "src/main.ts"),
    "--compile",
    "--minify",
    "--splitting",
    "--bytecode",
    "--format=esm",
    "--production",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
    "--no-compile-autoload-package-json",
    `--compile-jit-policy=${JIT_RELUCTANCE}`,
    `--define=ZEROCLAW_COMMIT=${JSON.stringify(commit || "unknown")}`,
    `--outfile=${outfile}`,
  ],
  { cwd: ROOT, stdout: "inherit", stderr: "inherit" },
);
if (build.exitCode !== 0) process.exit(build.exitCode ?? 1);
console.log(`${outfile}  ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
