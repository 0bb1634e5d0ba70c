import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { MIGRATIONS } from "../../src/store/sqlite/migrations.ts";

const DOC = await Bun.file(new URL("../../docs/storage.md", import.meta.url)).text();

test("docs/storage.md names every table and every column of the schema", () => {
  const db = new Database(":memory:");
  for (const { sql } of MIGRATIONS) db.run(sql);
  const columns = db
    .query<{ table: string; column: string }, []>(
      `SELECT t.name AS "table", c.name AS "column" FROM pragma_table_list t JOIN pragma_table_info(t.name) c
       WHERE t.schema = 'main' AND t.type IN ('table', 'virtual') AND t.name NOT LIKE 'sqlite_%'`,
    )
    .all();
  db.close();
  expect(columns.length).toBeGreaterThan(80);
  const missing = columns.filter(({ table, column }) => !sectionOf(table).includes(`\`${column}\``));
  expect(missing.filter(({ table }) => !table.endsWith("_search"))).toEqual([]);
  expect([...new Set(missing.map(({ table }) => table))].filter((table) => !DOC.includes(table))).toEqual([]);
});

/** The part of the document under the heading that names the table. */
function sectionOf(table: string): string {
  return DOC.split(/^### /m).find((section) => section.split("\n", 1)[0]?.split(", ").includes(table)) ?? "";
}
