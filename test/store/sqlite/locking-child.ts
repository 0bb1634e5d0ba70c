/** Run by database.test.ts: holds the write lock of a database for half a second, five times as long as a running gateway would wait. */
import { Database } from "bun:sqlite";
import { writeSync } from "node:fs";

const db = new Database(process.argv[2]);
db.run("BEGIN IMMEDIATE");
writeSync(1, "locked\n");
Bun.sleepSync(500);
db.run("COMMIT");
db.close();
