import { describe, expect, test } from "bun:test";
import { readTrace } from "./trace.ts";

const ASKED = '7 recvfrom(19<socket:[1]>, "POST /webhook HTTP/1.1\\r\\nHost"..., 524288, 0, NULL, NULL) = 300';
const WROTE = '7 pwrite64(8</d/state.db-wal>, "\\r\\0"..., 4096, 8192) = 4096';
const SYNCED = "7 fsync(8</d/state.db-wal>) = 0";
const ANSWERED = '7 sendto(19<socket:[1]>, "HTTP/1.1 202 Accepted\\r\\nX"..., 400, MSG_NOSIGNAL, NULL, 0) = 400';

describe("the reader of a trace", () => {
  test("finds nothing wrong with an answer that follows the sync of what was written", () => {
    expect(readTrace([ASKED, WROTE, SYNCED, ANSWERED].join("\n"))).toMatchObject({ answers: 1, syncs: 1, early: [] });
  });

  test.each([
    ["no sync at all", [ASKED, WROTE, ANSWERED]],
    ["a sync after the answer", [ASKED, WROTE, ANSWERED, SYNCED]],
    ["a write after the sync", [ASKED, WROTE, SYNCED, WROTE, ANSWERED]],
    ["nothing written since it was asked", [WROTE, SYNCED, ASKED, ANSWERED]],
    ["a sync that failed", [ASKED, WROTE, "7 fsync(8</d/state.db-wal>) = -1 EIO (Input/output error)", ANSWERED]],
    ["a sync that has only begun", [ASKED, WROTE, "7 fsync(8</d/state.db-wal> <unfinished ...>", ANSWERED]],
    ["a sync of another file", [ASKED, WROTE, "7 fsync(9</d/state.db>) = 0", ANSWERED]],
  ])("notices an answer with %s", (_, lines) => {
    expect(readTrace(lines.join("\n"))).toMatchObject({ answers: 1, early: [expect.stringContaining("answered")] });
  });

  test("puts calls together that the trace shows in two parts", () => {
    const parts = [
      "7 recvfrom(19<socket:[1]>,  <unfinished ...>",
      "8 futex(0x1, FUTEX_WAKE) = 1",
      '7 <... recvfrom resumed>"POST /webhook/github HTTP/1.1"..., 524288, 0, NULL, NULL) = 300',
      WROTE,
      "7 fdatasync(8</d/state.db-wal> <unfinished ...>",
      "8 futex(0x1, FUTEX_WAKE) = 1",
      "7 <... fdatasync resumed>) = 0",
      ANSWERED,
    ];
    expect(readTrace(parts.join("\n"))).toMatchObject({ answers: 1, syncs: 1, early: [] });
  });
});
