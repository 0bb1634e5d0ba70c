import { expect, test } from "bun:test";
import { localScene, problem } from "../support/cli.ts";

const A = "0198f3a2-7c1b-7000-8000-00000000000a";
const B = "0198ffff-0000-7000-8000-00000000000b";
const NO_EVENTS = { events: [], next: null };
const scene = localScene();
const replaying = (event_id: string) => ({ status: "replaying", event_id });

test("`events replay` replays each event that is named, once", async () => {
  const { requests } = scene.serve({
    "GET /api/events": { events: [{ event_id: B }], next: null },
    [`POST /api/events/${A}/replay`]: replaying(A),
    [`POST /api/events/${B}/replay`]: replaying(B),
  });
  expect(await scene.zeroclaw(["events", "replay", A, "0198ffff", A.toUpperCase()])).toEqual({
    code: 0,
    stdout: `Replaying ${A}.\nReplaying ${B}.\n`,
    stderr: "",
  });
  expect(requests.map(({ line }) => line)).toEqual([
    "GET /api/events?id=0198ffff&limit=20",
    `POST /api/events/${A}/replay`,
    `POST /api/events/${B}/replay`,
  ]);
});

test("`events replay` replays nothing when one of the ids is not found", async () => {
  const { requests } = scene.serve({ "GET /api/events": { events: [], next: null } });
  const { code, stderr } = await scene.zeroclaw(["events", "replay", A, "ffff"]);
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot replay events: there is no event "ffff".');
  expect(requests.filter(({ line }) => line.startsWith("POST"))).toEqual([]);
});

test("`events replay` goes on with the others when one is refused, and ends with 1", async () => {
  scene.serveWith((_request, url) =>
    url.pathname.includes(A)
      ? problem(409, "event_purged", "The event's bytes were deleted.")
      : Response.json(replaying(B)),
  );
  const { code, stdout, stderr } = await scene.zeroclaw(["events", "replay", A, B]);
  expect([code, stdout]).toEqual([1, `Replaying ${B}.\n`]);
  expect(stderr).toBe(`Cannot replay ${A}: The event's bytes were deleted.\n`);
});

test("`events replay` --failed replays all that are dead, of a source and since a time", async () => {
  const { requests } = scene.serve({
    "POST /api/events/replay": { status: "replaying", events: 12 },
    "GET /api/events": NO_EVENTS,
  });
  expect(await scene.zeroclaw("events replay --failed --source github --since 24h")).toEqual({
    code: 0,
    stdout: "Replaying 12 events.\n",
    stderr: "",
  });
  const body = { state: "dead", source: "github", since: "2026-11-21T12:00:00.000Z" };
  expect(requests[0]).toEqual({ line: "POST /api/events/replay", body: JSON.stringify(body) });
});

test.each([
  [{ events: 0 }, "", "No failed events match.\n"],
  [{ events: 1 }, "Replaying 1 event.\n", ""],
  [{ events: 100_000, more: true }, "Replaying 100000 events.\n", "There are more. Run it again for those.\n"],
])("`events replay` --failed tells how many: %p", async (answer, stdout, stderr) => {
  scene.serve({ "POST /api/events/replay": { status: "replaying", ...answer }, "GET /api/events": NO_EVENTS });
  expect(await scene.zeroclaw("events replay --failed")).toEqual({ code: 0, stdout, stderr });
});

// The scene's clock stands at 12:00: what is dead since before was not taken up again.
const dead = (updated_at: string) => ({ event_id: A, state: "dead", updated_at });
const OLD = dead("2026-11-22T11:59:59.999Z");
const DIED_AGAIN = dead("2026-11-22T12:00:00.000Z");

test.each([
  [0, [OLD], "", /^1 failed event cannot be replayed: its headers and body were deleted \(store.retention_days/],
  [0, [OLD, OLD], "", /^2 failed events cannot be replayed: their headers and bodies were deleted/],
  [3, [OLD, DIED_AGAIN], "Replaying 3 events.\n", /^1 failed event cannot be replayed/],
  [1, [DIED_AGAIN], "Replaying 1 event.\n", /^$/],
] as const)(
  "`events replay` --failed of %p and dead %p says which have lost their bytes",
  async (events, rows, out, err) => {
    const { requests } = scene.serve({
      "POST /api/events/replay": { status: "replaying", events },
      "GET /api/events": { events: rows, next: null },
    });
    const { code, stdout, stderr } = await scene.zeroclaw("events replay --failed --source github");
    expect([code, stdout]).toEqual([0, out]);
    expect(stderr).toMatch(err);
    expect(requests.at(-1)?.line).toBe("GET /api/events?state=dead&source=github&limit=100");
  },
);

test("`events replay` --failed counts no more than a thousand that have lost their bytes", async () => {
  scene.serve({
    "POST /api/events/replay": { status: "replaying", events: 0 },
    "GET /api/events": { events: Array.from({ length: 100 }, () => OLD), next: "on" },
  });
  expect((await scene.zeroclaw("events replay --failed")).stderr).toStartWith("At least 1000 failed events cannot");
});

test.each([
  ["", 'or "--failed" for all that are dead'],
  [`--failed ${A}`, 'either ids or "--failed", not both'],
  [`${A} --since 24h`, 'Add "--failed", or leave them out.'],
  [`${A} --source github`, 'Add "--failed", or leave them out.'],
  ["--failed --since yesterday", "Use 24h, 7d or 2026-11-22T14:05:00Z"],
  ["--fialed", 'Did you mean "--failed"?'],
])("`events replay %s` is a usage error, and asks for nothing", async (options, message) => {
  const { requests } = scene.serve({});
  const { code, stderr } = await scene.zeroclaw(`events replay ${options}`.trim());
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(requests).toEqual([]);
});
