-- What waits survives a clock that is set back, each source sends its own answers, and what is deleted leaves no words behind.

-- The answers of one source that may be sent.
DROP INDEX replies_due;
CREATE INDEX replies_due ON replies (source, due_at) WHERE due_at IS NOT NULL;

-- What failed at a time that has not come yet, by a clock that was set back since; and what is held for longer than anything is.
CREATE INDEX events_failed ON events (updated_at) WHERE state = 'retrying';
CREATE INDEX replies_failed ON replies (updated_at) WHERE state = 'retrying';
CREATE INDEX events_held ON events (due_at) WHERE state = 'received' AND due_at > 0;
CREATE INDEX replies_held ON replies (due_at) WHERE state = 'pending' AND due_at > 0;

-- A deleted entry leaves the index at once, not when its part of the index happens to be merged with another
-- (https://www.sqlite.org/fts5.html#the_secure_delete_configuration_option).
INSERT INTO event_search (event_search, rank) VALUES ('secure-delete', 1);
INSERT INTO run_search (run_search, rank) VALUES ('secure-delete', 1);
INSERT INTO note_search (note_search, rank) VALUES ('secure-delete', 1);

-- 1: done when it was stored, and its words are not in `event_search` yet. Indexing costs more than storing, so it comes later.
ALTER TABLE events ADD COLUMN unindexed INTEGER NOT NULL DEFAULT 0 CHECK (unindexed IN (0, 1));
CREATE INDEX events_unindexed ON events (id) WHERE unindexed = 1;
