-- Replay, retention, refused deliveries and answers on their way back.
-- Times are milliseconds since the epoch, sizes are bytes, ids are UUIDv7 in text unless a comment says otherwise.

-- Attempts before the event was last taken up again by a replay: its retries are counted from there.
ALTER TABLE events ADD COLUMN attempts_before INTEGER NOT NULL DEFAULT 0
  CHECK (attempts_before BETWEEN 0 AND attempts);
-- 1: the row in `event_bodies` and the search entry were deleted.
ALTER TABLE events ADD COLUMN purged INTEGER NOT NULL DEFAULT 0 CHECK (purged IN (0, 1));
-- What is old enough to be deleted. Entered when an event ends, so that accepting one does not pay for it. The state and the source
-- come first, so that a purge of one of them does not walk past all others.
CREATE INDEX events_old ON events (state, source, purged, updated_at) WHERE state IN ('done', 'dead');

-- The same table with room for a replay beside the attempt it follows.
CREATE TABLE event_attempts_2 (
  event   INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  -- Of a replay: the attempts until then.
  number  INTEGER NOT NULL CHECK (number >= 1),
  at      INTEGER NOT NULL,
  outcome TEXT    NOT NULL CHECK (outcome IN ('done', 'failed', 'interrupted', 'replayed')),
  detail  TEXT    NOT NULL,
  -- An attempt ends once and is followed by one replay at most. 'replayed' is the last of these words in the alphabet, so this is
  -- the order in which they happened, also where the clock was set back in between.
  PRIMARY KEY (event, number, outcome)
) STRICT, WITHOUT ROWID;
INSERT INTO event_attempts_2 (event, number, at, outcome, detail)
  SELECT event, number, at, outcome, detail FROM event_attempts ORDER BY event, number;
DROP TABLE event_attempts;
ALTER TABLE event_attempts_2 RENAME TO event_attempts;

-- Deliveries that were not taken: metadata only, no body and no secret.
CREATE TABLE refusals (
  id          INTEGER PRIMARY KEY,
  request_id  TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  source      TEXT    NOT NULL,
  -- A word of the catalogue, which grows with each version: what is allowed is checked where it is read.
  reason      TEXT    NOT NULL,
  detail      TEXT    NOT NULL,
  fix         TEXT    NOT NULL,
  client      TEXT    NOT NULL,
  size        INTEGER NOT NULL CHECK (size >= 0),
  delivery_id TEXT,
  event       TEXT
) STRICT;
CREATE INDEX refusals_oldest ON refusals (at);
CREATE INDEX refusals_of_source ON refusals (source, id);
CREATE INDEX refusals_of_request ON refusals (request_id);

-- Answers on their way back, one for each run that has one, numbered in the order in which the runs ended.
CREATE TABLE replies (
  id         INTEGER PRIMARY KEY,
  reply_id   TEXT    NOT NULL UNIQUE,
  event      INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  run_id     TEXT    NOT NULL UNIQUE,
  source     TEXT    NOT NULL,
  session_id TEXT    NOT NULL,
  -- A JSON object (`ReplyTarget`).
  target     TEXT    NOT NULL,
  -- A copy of the run's answer, so that it arrives although its session is removed meanwhile. Once settled, the run has it alone.
  content    TEXT,
  model      TEXT,
  state      TEXT    NOT NULL DEFAULT 'pending'
             CHECK (state IN ('pending', 'sending', 'retrying', 'sent', 'uncertain', 'dead')),
  attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  parts_sent INTEGER NOT NULL DEFAULT 0 CHECK (parts_sent >= 0),
  detail     TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- As in `events`: 0 is now, NULL is not before another reply of its session was taken.
  due_at     INTEGER CHECK (due_at IS NULL OR state IN ('pending', 'retrying')),
  -- When it first could not be sent.
  failed_at  INTEGER,
  -- A retrying reply keeps later ones of its session waiting until then: a minute after `failed_at`.
  hold_until INTEGER CHECK (hold_until IS NULL OR state = 'retrying'),

  CHECK (state <> 'retrying' OR (due_at > 0 AND hold_until IS NOT NULL)),
  CHECK ((content IS NULL) = (state IN ('sent', 'uncertain', 'dead')))
) STRICT;
CREATE INDEX replies_of_event ON replies (event);
CREATE INDEX replies_due ON replies (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX replies_pending ON replies (session_id) WHERE state = 'pending';
CREATE INDEX replies_retrying ON replies (session_id) WHERE state = 'retrying';
-- That one reply of a session is being sent at a time is a rule, and this index makes breaking it impossible.
CREATE UNIQUE INDEX replies_sending ON replies (session_id) WHERE state = 'sending';
CREATE INDEX replies_settled ON replies (state) WHERE state IN ('sent', 'uncertain', 'dead');
