import { expect, test } from "bun:test";
import { localScene } from "../support/cli.ts";

const A = "0198f3a2-7c1b-7000-8000-00000000000a";
const B = "0198ffff-0000-7000-8000-00000000000b";
const EVENT = {
  event_id: A,
  source: "github",
  type: "issues.opened",
  delivery_id: "d1",
  state: "done",
  attempts: 1,
  session_id: "github:a/b#1",
  received_at: "2026-11-22T11:00:00.000Z",
  updated_at: "2026-11-22T11:00:01.000Z",
  size: 1234,
};
const scene = localScene();

const page = (ids: readonly string[], next: string | null) => ({
  events: ids.map((event_id) => ({ ...EVENT, event_id })),
  next,
});

test("`events list` is a table, newest first as the gateway gives it", async () => {
  scene.serve({ "GET /api/events": page([B, A], null) });
  const { stdout, stderr } = await scene.zeroclaw("events list");
  expect(stdout).toBe(
    `ID        RECEIVED (UTC)       SOURCE  TYPE           STATE  SIZE    ERROR
0198ffff  2026-11-22 11:00:00  github  issues.opened  done   1.2 KB
0198f3a2  2026-11-22 11:00:00  github  issues.opened  done   1.2 KB
`,
  );
  expect(stderr).toBe("");
});

test("`events list` passes its filters on, times as RFC 3339", async () => {
  const { requests } = scene.serve({ "GET /api/events": page([], null) });
  await scene.zeroclaw([
    "events",
    "list",
    "--source",
    "a&b",
    "--state",
    "dead",
    "--since",
    "24h",
    "-q",
    "x y",
    "-n",
    "5",
  ]);
  expect(requests[0]?.line).toBe(
    "GET /api/events?source=a%26b&state=dead&q=x+y&since=2026-11-21T12%3A00%3A00.000Z&limit=5",
  );
});

test("`events list` reads on from page to page until it has enough", async () => {
  scene.serveWith((_request, url) => {
    const [limit, from] = [Number(url.searchParams.get("limit")), Number(url.searchParams.get("after") ?? 0)];
    return Response.json(
      page(
        Array.from({ length: limit }, (_, i) => `${B.slice(0, -4)}${1000 + from + i}`),
        String(from + limit),
      ),
    );
  });
  const { stdout, stderr } = await scene.zeroclaw("events list -n 250 --json");
  const { events, next } = JSON.parse(stdout);
  expect([events.length, new Set(events.map((e: { event_id: string }) => e.event_id)).size, next, stderr]).toEqual([
    250,
    250,
    "250",
    "",
  ]);
});

test("`events list` does not ask for ever when a page is empty but has a next one", async () => {
  const { requests } = scene.serve({ "GET /api/events": page([], "again") });
  await scene.zeroclaw("events list");
  expect(requests).toHaveLength(1);
});

test.each([
  ["--since yesterday", "Use 24h, 7d or 2026-11-22T14:05:00Z"],
  ["--state daed", 'Did you mean "dead"?'],
  ["-n 0", "is not a number of events"],
])("`events list %s` is a usage error", async (options, message) => {
  const { code, stderr } = await scene.zeroclaw(`events list ${options}`);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("`events show` prints a stranger's body without letting it draw on the terminal", async () => {
  const hostile = {
    ...EVENT,
    headers: { "x-a": "\u001b]0;title\u0007" },
    body: "one\n\u001b[2Jtwo\u202e",
    attempts_log: [{ at: EVENT.updated_at, outcome: "done", detail: "ok" }],
    response: "Done.",
  };
  scene.serve({ [`GET /api/events/${A}`]: hostile });
  const { stdout } = await scene.zeroclaw(`events show ${A}`);
  expect(stdout).toContain("Headers\n  x-a: \\u001b]0;title\\u0007\n");
  expect(stdout).toContain("Body\n  one\n  \\u001b[2Jtwo\\u202e\n");
  expect(stdout).toContain("Attempts\n  2026-11-22 11:00:01  done  ok\n");
  expect(stdout).toContain("Response\n  Done.\n");
});

test("`events show` --json is the gateway's document, unescaped", async () => {
  const event = { ...EVENT, headers: {}, body: "\u202e" };
  scene.serve({ [`GET /api/events/${A}`]: event });
  expect(JSON.parse((await scene.zeroclaw(`events show ${A} --json`)).stdout)).toEqual(event);
});

test("`events show` says what it does not print of a body", async () => {
  scene.serve({
    [`GET /api/events/${A}`]: { ...EVENT, body: "AAAA", body_encoding: "base64" },
    [`GET /api/events/${B}`]: { ...EVENT, event_id: B, body: "cut", body_truncated: true },
  });
  expect((await scene.zeroclaw(`events show ${A}`)).stdout).toContain(
    "Body\n  1.2 KB that are no text; --json has them in base64\n",
  );
  expect((await scene.zeroclaw(`events show ${B}`)).stdout).toContain(
    `Body\n  cut\n  … the rest is at /api/events/${B}/body\n`,
  );
});

test("`events show` finds an event by the beginning of its id, in any letter case", async () => {
  const { requests } = scene.serve({ "GET /api/events": page([A], null), [`GET /api/events/${A}`]: EVENT });
  const { code } = await scene.zeroclaw("events show 0198F3A2-7");
  expect(code).toBe(0);
  expect(requests.map(({ line }) => line)).toEqual(["GET /api/events?id=0198f3a2-7&limit=20", `GET /api/events/${A}`]);
});

test("`events show` names the candidates of a beginning that is too short", async () => {
  scene.serve({ "GET /api/events": page([B.replace("ffff", "f3a2"), A], null) });
  const { code, stderr } = await scene.zeroclaw("events show 0198f3a2");
  expect(code).toBe(1);
  expect(stderr).toContain(`"0198f3a2" is the beginning of 2 events. Give more of the id:`);
  expect(stderr).toContain(`  ${A}\n`);
});

test("`events show` says what became of the answer, and that the bytes are gone", async () => {
  const replies = [
    {
      reply_id: B,
      to: "whatsapp",
      state: "uncertain",
      attempts: 1,
      detail: "no answer\nin time",
      updated_at: EVENT.updated_at,
    },
    { reply_id: A, to: "github", state: "dead", attempts: 3, updated_at: EVENT.updated_at },
  ];
  const attempts_log = [
    { at: EVENT.received_at, outcome: "done", detail: "" },
    { at: EVENT.updated_at, outcome: "replayed", detail: "by Laptop" },
  ];
  scene.serve({ [`GET /api/events/${A}`]: { ...EVENT, headers: {}, purged: true, attempts_log, replies } });
  const { stdout } = await scene.zeroclaw(`events show ${A}`);
  expect(stdout).toEndWith(`
Body
  deleted, as the headers were: it cannot be replayed any more

Attempts
  2026-11-22 11:00:00  done
  2026-11-22 11:00:01  replayed  by Laptop

Replies
  2026-11-22 11:00:01  whatsapp  uncertain after 1 attempt  no answer\\nin time
  2026-11-22 11:00:01  github  dead after 3 attempts
`);
});

test("`events list` --id lists those whose id begins so, and takes no other text", async () => {
  const { requests } = scene.serve({ "GET /api/events": page([], null) });
  await scene.zeroclaw("events list --id 0198F3");
  expect(requests[0]?.line).toBe("GET /api/events?id=0198f3&limit=20");
  for (const [typed, message] of [
    ["zzzz", "there is no event"],
    ["01", "too short"],
  ] as const) {
    const { code, stderr } = await scene.zeroclaw(`events list --id ${typed}`);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  }
  expect(requests).toHaveLength(1);
});

test.each(["zzzz", "../../devices", "0198?x=1"])(
  "`events show %s` finds nothing and asks for no other address",
  async (id) => {
    const { requests } = scene.serve({ "GET /api/events": page([A], null) });
    const { code, stderr } = await scene.zeroclaw(`events show ${id}`);
    expect(code).toBe(1);
    expect(stderr).toContain("there is no event");
    expect(requests.every(({ line }) => line.startsWith("GET /api/events?"))).toBe(true);
  },
);
