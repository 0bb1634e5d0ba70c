/**
 * Everything the tests need, then the tests: `bun run test [files…]`. Installs the dependencies, the Debian packages that
 * some tests use (if it may), builds the executable, and ends with the line `N passed, N failed, N skipped` from Bun's
 * own report.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const REPORT = join(ROOT, "dist/test-report.xml");

/** Programs that a test uses for proof, and the Debian packages they are in. */
const PROGRAMS: Readonly<Record<string, string>> = {
  strace: "strace",
  curl: "curl",
  lsof: "lsof",
  setpriv: "util-linux",
  prlimit: "util-linux",
  unshare: "util-linux",
  mount: "mount",
  node: "nodejs",
};

run([process.execPath, "install", "--frozen-lockfile", "--silent"]);
installPrograms();
mkdirSync(join(ROOT, "dist"), { recursive: true });
run([process.execPath, "scripts/build.ts"]);

const files = process.argv.slice(2);
const tests = Bun.spawnSync([process.execPath, "test", "--reporter=junit", `--reporter-outfile=${REPORT}`, ...files], {
  cwd: ROOT,
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, ZEROCLAW_BIN: join(ROOT, "dist/zeroclaw") },
});
console.log(summary(readFileSync(REPORT, "utf8")));
process.exit(tests.exitCode ?? 1);

function run(command: readonly string[]): void {
  const { exitCode } = Bun.spawnSync([...command], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) process.exit(exitCode ?? 1);
}

/** Tests whose program cannot be had are reported as skipped, by name. */
function installPrograms(): void {
  const missing = Object.entries(PROGRAMS).filter(([program]) => !Bun.which(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  if (!Bun.which("apt-get") || process.getuid?.() !== 0) {
    console.error(`Some tests will be skipped, because these programs are not installed: ${packages.join(", ")}`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ]) {
    Bun.spawnSync(["apt-get", ...args], { env, stdio: ["ignore", "ignore", "inherit"] });
  }
}

function summary(report: string): string {
  const suites = /<testsuites\b[^>]*>/.exec(report)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suites)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return `${count("tests") - failed - skipped} passed, ${failed} failed, ${skipped} skipped`;
}
