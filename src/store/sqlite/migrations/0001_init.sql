-- Times are milliseconds since the epoch, sizes are bytes, ids are UUIDv7 in text unless a comment says otherwise.
-- docs/storage.md tells what each table is for and how long its rows stay.

-- One row for each accepted delivery, numbered in the order of acceptance.
CREATE TABLE events (
  id           INTEGER PRIMARY KEY,
  event_id     TEXT    NOT NULL UNIQUE,
  source       TEXT    NOT NULL,
  type         TEXT    NOT NULL,
  delivery_id  TEXT,
  session_id   TEXT    NOT NULL,
  device_id    TEXT,
  received_at  INTEGER NOT NULL,
  content_type TEXT    NOT NULL,
  size         INTEGER NOT NULL CHECK (size >= 0),

  state        TEXT    NOT NULL DEFAULT 'received'
               CHECK (state IN ('received', 'running', 'retrying', 'done', 'dead')),
  attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  updated_at   INTEGER NOT NULL,
  -- What the last attempt failed with.
  error        TEXT,
  -- When a worker may take the event: 0 is now, NULL is not before another event of its session was taken.
  due_at       INTEGER CHECK (due_at IS NULL OR state IN ('received', 'retrying')),
  -- A retrying event keeps later ones of its session waiting until then.
  hold_until   INTEGER CHECK (hold_until IS NULL OR state = 'retrying'),

  CHECK (state <> 'retrying' OR (due_at > 0 AND hold_until IS NOT NULL))
) STRICT;

-- A delivery that was accepted before is recognised by the sender's own id.
CREATE UNIQUE INDEX events_delivery ON events (source, delivery_id) WHERE delivery_id IS NOT NULL;
-- The unfinished events of a session, in the order they came, by state. That one of them runs at a time is a rule, and the
-- unique index makes breaking it impossible.
CREATE INDEX events_received ON events (session_id) WHERE state = 'received';
CREATE INDEX events_retrying ON events (session_id) WHERE state = 'retrying';
CREATE UNIQUE INDEX events_running ON events (session_id) WHERE state = 'running';
-- What a worker may take: one entry a session, plus one for each retry.
CREATE INDEX events_due ON events (due_at) WHERE due_at IS NOT NULL;
-- Listings by source and of the dead. Entered when an event ends, so that accepting one does not pay for them.
CREATE INDEX events_ended ON events (source, id) WHERE state IN ('done', 'dead');
CREATE INDEX events_dead ON events (id) WHERE state = 'dead';

-- What was received, apart from `events`: a change of state does not rewrite it, and it can be deleted earlier.
CREATE TABLE event_bodies (
  id      INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
  -- A JSON object of strings, secrets redacted.
  headers TEXT NOT NULL,
  body    BLOB NOT NULL
) STRICT;

-- How each attempt at an event ended.
CREATE TABLE event_attempts (
  event   INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  number  INTEGER NOT NULL CHECK (number >= 1),
  at      INTEGER NOT NULL,
  outcome TEXT    NOT NULL CHECK (outcome IN ('done', 'failed', 'interrupted')),
  detail  TEXT    NOT NULL,
  PRIMARY KEY (event, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id         INTEGER PRIMARY KEY,
  session_id TEXT    NOT NULL UNIQUE,
  device_id  TEXT,
  title      TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Every frame number that may have been given out is below this.
  seq_limit  INTEGER NOT NULL DEFAULT 0 CHECK (seq_limit >= 0)
) STRICT;
CREATE INDEX sessions_latest ON sessions (updated_at);
CREATE INDEX sessions_latest_of_device ON sessions (device_id, updated_at);

-- A question and its answer. A session's history is read from here: `input` is the user's message, `response` the assistant's.
-- `event_id` is no foreign key: an answer outlives the delivery that asked for it.
CREATE TABLE runs (
  id            INTEGER PRIMARY KEY,
  run_id        TEXT    NOT NULL UNIQUE,
  session_id    TEXT    NOT NULL REFERENCES sessions (session_id),
  event_id      TEXT,
  device_id     TEXT,
  origin        TEXT    NOT NULL CHECK (origin IN ('http', 'websocket', 'event', 'reminder')),
  reach         TEXT    NOT NULL CHECK (reach IN ('owner', 'chat', 'channel')),
  input         TEXT    NOT NULL,
  message_id    TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  attempt       INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
  response      TEXT,
  model         TEXT,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  error_code    TEXT,
  error_detail  TEXT,
  -- The number of the terminal frame.
  seq           INTEGER,
  created_at    INTEGER NOT NULL,
  started_at    INTEGER,
  ended_at      INTEGER,
  CHECK ((ended_at IS NULL) = (state IN ('queued', 'running'))),
  CHECK ((seq IS NULL) = (ended_at IS NULL)),
  CHECK ((error_code IS NULL) = (error_detail IS NULL)),
  CHECK ((input_tokens IS NULL) = (output_tokens IS NULL))
) STRICT;
CREATE INDEX runs_of_session ON runs (session_id, id);
CREATE INDEX runs_ended ON runs (session_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (id) WHERE state IN ('queued', 'running');
CREATE INDEX runs_of_event ON runs (event_id) WHERE event_id IS NOT NULL;

CREATE TABLE devices (
  device_id    TEXT    NOT NULL PRIMARY KEY,
  -- SHA-256 of the token, lower-case hex; the token itself is nowhere.
  token_hash   TEXT    NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  name         TEXT    NOT NULL,
  scope        TEXT    NOT NULL CHECK (scope IN ('owner', 'chat', 'ingest')),
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER,
  expires_at   INTEGER
) STRICT;

CREATE TABLE lockouts (
  kind         TEXT    NOT NULL CHECK (kind IN ('code', 'token')),
  -- An address (IPv6 by /64), or `*` for all of them together.
  client       TEXT    NOT NULL,
  failures     INTEGER NOT NULL CHECK (failures >= 0),
  since        INTEGER NOT NULL,
  -- 0 while only counting.
  locked_until INTEGER NOT NULL,
  PRIMARY KEY (kind, client)
) STRICT, WITHOUT ROWID;
CREATE INDEX lockouts_oldest ON lockouts (since);

CREATE TABLE idempotency (
  id          INTEGER PRIMARY KEY,
  -- Device and route.
  scope       TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  -- SHA-256 of the request's body, lower-case hex.
  fingerprint TEXT    NOT NULL,
  -- The run whose state is the answer; else `status` and `body` are.
  run_id      TEXT,
  status      INTEGER NOT NULL,
  body        TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (scope, key)
) STRICT;
CREATE INDEX idempotency_oldest ON idempotency (created_at);

CREATE TABLE notes (
  id         INTEGER PRIMARY KEY,
  note_id    TEXT    NOT NULL UNIQUE,
  device_id  TEXT,
  text       TEXT    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_of_device ON notes (device_id, id);

CREATE TABLE reminders (
  id          INTEGER PRIMARY KEY,
  reminder_id TEXT    NOT NULL UNIQUE,
  session_id  TEXT    NOT NULL,
  device_id   TEXT,
  text        TEXT    NOT NULL,
  due_at      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX reminders_due ON reminders (due_at);

-- One row a minute.
CREATE TABLE counters (
  at       INTEGER PRIMARY KEY,
  accepted INTEGER NOT NULL,
  refused  INTEGER NOT NULL,
  runs     INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  depth    INTEGER NOT NULL,
  sockets  INTEGER NOT NULL,
  p50_ms   REAL    NOT NULL,
  p99_ms   REAL    NOT NULL
) STRICT;

-- One row, rewritten to learn whether the disk takes writes again.
CREATE TABLE probe (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  at     INTEGER NOT NULL,
  -- As many random bytes as a request may bring: a disk with room for a page only is still full.
  filler BLOB    NOT NULL
) STRICT;

-- Full text. A rowid here is the `id` of the event, run or note, so a search can be limited by that row's columns and listed
-- in its order. The text is a copy, because what it was made from may be deleted earlier.
CREATE VIRTUAL TABLE event_search USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE run_search   USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE note_search  USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
