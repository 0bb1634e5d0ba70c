import { describe, expect, test } from "bun:test";
import { dirname, join, relative, resolve } from "node:path";

const SRC = resolve(import.meta.dir, "../src");

/** Lowest layer first. A file may import its own folder and any LOWER layer; siblings never import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["lib"],
  ["protocol"],
  ["config", "store", "observe"],
  ["http", "auth", "limits", "inbox", "channels", "replies", "sessions", "agent"],
  ["runs"],
  ["api", "ws"],
  ["gateway"],
  ["cli"],
  ["main"],
];
const MAX_LINES = 400;

/** What may stand only in the places named after it. A test cannot know a good reason; a review of this table can. */
const CONFINED: readonly { readonly what: string; readonly pattern: RegExp; readonly where: RegExp }[] = [
  { what: "bun:sqlite", pattern: /from "bun:sqlite"/, where: /^store\/sqlite\// },
  { what: "Bun.serve", pattern: /\bBun\.serve\(/, where: /^gateway\/listen\.ts$/ },
  { what: "process.exit", pattern: /\bprocess\.exit\b/, where: /^main\.ts$/ },
  { what: "process.env", pattern: /\bprocess\.env\b/, where: /^(main\.ts|cli\/|config\/)/ },
  { what: "process.argv", pattern: /\bprocess\.argv\b/, where: /^main\.ts$/ },
  { what: "console", pattern: /\bconsole\.\w+\(/, where: /^$/ },
  { what: "Date.now", pattern: /\bDate\.now\(/, where: /^lib\/clock\.ts$/ },
  { what: "Math.random", pattern: /\bMath\.random\(/, where: /^$/ },
  { what: "setTimeout", pattern: /\bsetTimeout\(/, where: /^lib\/clock\.ts$/ },
  {
    what: "a library that only some turns need, loaded by a start",
    pattern: /^import (?!type\b)[^;]*?from "(?:ai"|zod"|@ai-sdk\/|@agentclientprotocol\/|@modelcontextprotocol\/)/m,
    where: /^$/,
  },
  { what: "arktype at run time", pattern: /^import (?!type).*"arktype"/m, where: /^$/ },
];

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["'](\.{1,2}\/[^"']+)["']/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

function folderOf(path: string): string {
  const [first = ""] = relative(SRC, path).split("/");
  return first.replace(/\.ts$/, "");
}
const layerOf = (folder: string) => LAYERS.findIndex((layer) => layer.includes(folder));

/** One line per forbidden import: `http/x.ts -> gateway/y.ts`. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const from = folderOf(path);
    if (layerOf(from) < 0) found.push(`${relative(SRC, path)}: folder "${from}" has no layer`);
    for (const [, spec] of text.matchAll(IMPORT)) {
      const target = join(dirname(path), spec!);
      if (!target.startsWith(`${SRC}/`)) continue; // package.json, for the version
      const to = folderOf(target);
      if (to !== from && layerOf(to) >= layerOf(from)) found.push(`${relative(SRC, path)} -> ${relative(SRC, target)}`);
    }
  }
  return found;
}

function escapes(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const code = text.replace(COMMENT, "");
    for (const { what, pattern, where } of CONFINED) {
      if (pattern.test(code) && !where.test(relative(SRC, path))) found.push(`${what} in ${relative(SRC, path)}`);
    }
  }
  return found;
}

async function sources(): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  for await (const path of new Bun.Glob("**/*.ts").scan({ cwd: SRC, absolute: true })) {
    if (!path.endsWith(".generated.ts")) out.set(path, await Bun.file(path).text());
  }
  return out;
}

describe("architecture", () => {
  test("imports only point to lower layers", async () => {
    const files = await sources();
    expect(files.size).toBeGreaterThan(50); // a scan of nothing must not pass
    expect(violations(files)).toEqual([]);
  });

  test("no source file is longer than the budget", async () => {
    const long = [...(await sources())].filter(([, text]) => text.split("\n").length > MAX_LINES);
    expect(long.map(([path]) => relative(SRC, path))).toEqual([]);
  });

  test("what belongs to one place stays there", async () => {
    expect(escapes(await sources())).toEqual([]);
  });

  test.each([
    ["value import", `import { x } from "../gateway/gateway.ts";`],
    ["type import", `import type { X } from "../gateway/gateway.ts";`],
    ["re-export", `export * from "../gateway/gateway.ts";`],
    ["dynamic import", `await import("../gateway/gateway.ts");`],
    ["side effect import", `import "../gateway/gateway.ts";`],
    ["sibling import", `import { x } from "../limits/limiter.ts";`],
  ])("catches a forbidden %s", (_kind, code) => {
    expect(violations(new Map([[join(SRC, "http/x.ts"), code]]))).toHaveLength(1);
  });

  test.each([
    ["a database", `import { Database } from "bun:sqlite";`],
    ["a second server", "Bun.serve({ fetch });"],
    ["an exit", "process.exit(1);"],
    ["an environment variable", 'process.env["PORT"];'],
    ["a clock of its own", "const now = Date.now();"],
    ["a timer of its own", "setTimeout(run, 5);"],
    ["arktype", `import { type } from "arktype";`],
  ])("catches %s in the wrong place", (_kind, code) => {
    expect(escapes(new Map([[join(SRC, "http/x.ts"), code]]))).toHaveLength(1);
  });
});
