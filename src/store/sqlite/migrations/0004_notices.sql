-- An agent may say something in another conversation than the one it answers in: such a run has the origin 'notice', its input
-- is what is said, and nobody asked for it. A CHECK can only be changed by making the table again.
CREATE TABLE runs_new (
  id            INTEGER PRIMARY KEY,
  run_id        TEXT    NOT NULL UNIQUE,
  session_id    TEXT    NOT NULL REFERENCES sessions (session_id),
  event_id      TEXT,
  device_id     TEXT,
  origin        TEXT    NOT NULL CHECK (origin IN ('http', 'websocket', 'event', 'reminder', 'notice')),
  reach         TEXT    NOT NULL CHECK (reach IN ('owner', 'chat', 'channel')),
  input         TEXT    NOT NULL,
  message_id    TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  attempt       INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
  -- The whole answer of a run that is done; of a cancelled one what had been said by then.
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
INSERT INTO runs_new
SELECT id, run_id, session_id, event_id, device_id, origin, reach, input, message_id, state, attempt, response, model,
       input_tokens, output_tokens, error_code, error_detail, seq, created_at, started_at, ended_at
FROM runs;
DROP TABLE runs;
ALTER TABLE runs_new RENAME TO runs;
CREATE INDEX runs_of_session ON runs (session_id, id);
CREATE INDEX runs_ended ON runs (session_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (id) WHERE state IN ('queued', 'running');
CREATE INDEX runs_of_event ON runs (event_id) WHERE event_id IS NOT NULL;
