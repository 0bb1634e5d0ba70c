/**
 * Tests against programs of other people, which are not among the dependencies: `bun run test:peers`. Installs them into a
 * folder of their own in the system's temporary one, once, and runs `test/peers`. See docs/peers.md.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const OPENCODE = "1.18.33";
const CACHE = join(tmpdir(), `zeroclaw-peers-opencode-${OPENCODE}`);
const PROGRAM = join(CACHE, "node_modules/.bin/opencode");

if (!existsSync(PROGRAM)) install();
if (process.getuid && statSync(CACHE).uid !== process.getuid()) {
  console.error(`${CACHE} belongs to somebody else, so what is in it is not run. Set TMPDIR to a folder of your own.`);
  process.exit(1);
}

const files = readdirSync(join(ROOT, "test/peers")).filter((file) => file.endsWith(".peer.ts"));
// With `./` in front, Bun runs files whose names are not those of the usual tests.
const tests = Bun.spawnSync([process.execPath, "test", ...files.map((file) => `./test/peers/${file}`)], {
  cwd: ROOT,
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, ZEROCLAW_PEER_OPENCODE: PROGRAM },
});
process.exit(tests.exitCode ?? 1);

function install(): void {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  // `trustedDependencies`: its install script puts the executable of this machine in its place.
  const manifest = { private: true, dependencies: { "opencode-ai": OPENCODE }, trustedDependencies: ["opencode-ai"] };
  writeFileSync(join(CACHE, "package.json"), JSON.stringify(manifest));
  const command = [process.execPath, "install", "--silent"];
  const { exitCode } = Bun.spawnSync(command, { cwd: CACHE, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode === 0 && existsSync(PROGRAM)) return;
  console.error(`Cannot install opencode-ai@${OPENCODE} into ${CACHE}: it needs a package registry, once.`);
  process.exit(1);
}
