import { expect, test } from "bun:test";
import { join } from "node:path";
import { TOOLS } from "../../../src/agent/tools/table.ts";
import type { Tool } from "../../../src/agent/tools/tool.ts";

const DOCS = join(import.meta.dir, "../../../docs/agents/tools.md");

function rowOf({ spec, reach }: Tool): string {
  // `as`: every tool's schema is an object's (`ToolSpec.schema`).
  const { properties, required = [] } = spec.schema as { properties: object; required?: readonly string[] };
  const inputs = Object.keys(properties).map((name) => `\`${name}\`${required.includes(name) ? "" : "?"}`);
  const changes = spec.readOnly ? "no" : spec.outward ? "outside" : spec.destructive ? "removes" : "yes";
  return `| \`${spec.name}\` | ${reach} | ${changes} | ${inputs.join(", ") || "–"} | ${spec.title} |`;
}

test("docs/agents/tools.md lists every tool as it is declared", async () => {
  const rows = (await Bun.file(DOCS).text()).split("\n").filter((line) => /^\| `\w+` \| (?:chat|owner) \|/.test(line));

  expect(rows).toEqual(TOOLS.map(rowOf));
});

test("no two tools have one name", () => {
  expect(new Set(TOOLS.map(({ spec }) => spec.name)).size).toBe(TOOLS.length);
});
