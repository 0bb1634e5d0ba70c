import init from "./migrations/0001_init.sql" with { type: "text" };
import inbox from "./migrations/0002_inbox.sql" with { type: "text" };
import waiting from "./migrations/0003_waiting.sql" with { type: "text" };
import notices from "./migrations/0004_notices.sql" with { type: "text" };

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Every step of the schema, in order. A released one is never changed: its checksum is in every database. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "0001_init", sql: init },
  { version: 2, name: "0002_inbox", sql: inbox },
  { version: 3, name: "0003_waiting", sql: waiting },
  { version: 4, name: "0004_notices", sql: notices },
];
