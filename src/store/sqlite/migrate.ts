import { sha256Hex } from "../../lib/hash.ts";
import { StoreUnavailable } from "../store.ts";
import type { Connection } from "./database.ts";
import { MIGRATIONS, type Migration } from "./migrations.ts";

const TABLE = `
  CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    checksum   TEXT    NOT NULL, -- SHA-256 of the migration's text
    applied_at INTEGER NOT NULL
  ) STRICT;
`;

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Brings the schema up to date: each missing step in a transaction of its own, recorded with its checksum.
 * @throws StoreUnavailable when the database is another program's, a newer version's, or was made by steps that differ; its
 * message goes on from "Cannot open the database …:".
 */
export function migrate(db: Connection, now: number, steps: readonly Migration[] = MIGRATIONS): void {
  if (missing(db, steps).length === 0) return;
  for (const step of steps) {
    // IMMEDIATE before looking: another process that is migrating is waited for, and its steps are then found done.
    db.run("BEGIN IMMEDIATE");
    try {
      if (missing(db, steps).includes(step)) apply(db, step, now);
      db.run("COMMIT");
    } catch (error) {
      if (db.inTransaction) db.run("ROLLBACK");
      throw error;
    }
  }
}

function apply(db: Connection, step: Migration, now: number): void {
  if (step.version === 1) db.script(TABLE);
  db.script(step.sql);
  db.run(
    "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
    step.version,
    step.name,
    sha256Hex(step.sql),
    now,
  );
}

function missing(db: Connection, steps: readonly Migration[]): readonly Migration[] {
  const applied = history(db);
  for (const { version, name, checksum } of applied) {
    const step = steps.find((known) => known.version === version);
    if (step === undefined) {
      throw new StoreUnavailable(
        `a newer zeroclaw made it (schema ${version} "${name}"; this one knows up to ` +
          `${steps.at(-1)?.version ?? 0}). Install that version again, or restore a backup from before the upgrade`,
      );
    }
    if (checksum !== sha256Hex(step.sql)) {
      throw new StoreUnavailable(
        `its schema ${version} "${name}" was made by other instructions (${checksum.slice(0, 12)}) ` +
          `than this zeroclaw has (${sha256Hex(step.sql).slice(0, 12)}). Use a released version, or move the file away`,
      );
    }
  }
  const versions = new Set(applied.map((row) => row.version));
  return steps.filter((step) => !versions.has(step.version));
}

function history(db: Connection): readonly Applied[] {
  const tables = db.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 2");
  if (tables.length === 0) return [];
  if (!db.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'")) {
    throw new StoreUnavailable(
      `it is another program's (it has a table "${tables[0]?.name}" and no list of migrations). ` +
        "Give [store] url another file name",
    );
  }
  return db.all<Applied>("SELECT version, name, checksum FROM migrations ORDER BY version");
}
