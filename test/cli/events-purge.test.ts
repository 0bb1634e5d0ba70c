import { expect, test } from "bun:test";
import { localScene } from "../support/cli.ts";

const scene = localScene();
const PURGE = "POST /api/events/purge";

test("`events purge` deletes what ended more than 30 days ago, unless another age is given", async () => {
  const { requests } = scene.serve({ [PURGE]: { purged: 12, removed: 1 } });
  expect(await scene.zeroclaw("events purge --yes")).toEqual({
    code: 0,
    stdout: "Purged 12 events. Removed 1 event altogether.\n",
    stderr: "",
  });
  await scene.zeroclaw("events purge -y --older-than 12h --source github --state dead");
  expect(requests).toEqual([
    { line: PURGE, body: '{"before":"2026-10-23T12:00:00.000Z"}' },
    { line: PURGE, body: '{"before":"2026-11-22T00:00:00.000Z","source":"github","state":"dead"}' },
  ]);
});

test("`events purge` goes on while the gateway says that there are more, with one and the same time", async () => {
  const answers = [
    { purged: 20_000, removed: 0, more: true },
    { purged: 5, removed: 19_995, more: true },
    { purged: 0, removed: 7 },
  ];
  const { requests } = scene.serveWith(() => Response.json(answers.shift()));
  expect((await scene.zeroclaw("events purge -y")).stdout).toBe(
    "Purged 20005 events. Removed 20002 events altogether.\n",
  );
  expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
});

test("`events purge` does not ask for ever when there are more but nothing goes", async () => {
  const { requests } = scene.serve({ [PURGE]: { purged: 0, removed: 0, more: true } });
  expect(await scene.zeroclaw("events purge -y")).toMatchObject({
    code: 0,
    stderr: "No events match: nothing was purged.\n",
  });
  expect(requests).toHaveLength(1);
});

test.each(["y", "Y\n", " yes \n"])("`events purge` asks on a terminal, and goes on after %p", async (stdin) => {
  scene.serve({ [PURGE]: { purged: 1, removed: 0 } });
  const { code, stdout, stderr } = await scene.zeroclaw("events purge --source a\u001b[2J", { terminal: true, stdin });
  expect([code, stdout]).toEqual([0, "Purged 1 event. Removed 0 events altogether.\n"]);
  expect(stderr).toContain("ended events of a\\u001b[2J that ended before 2026-10-23T12:00:00.000Z");
});

test.each(["", "\n", "n\n", "yep\n", "\ny\n"])("`events purge` deletes nothing after %p", async (stdin) => {
  const { requests } = scene.serve({ [PURGE]: { purged: 1, removed: 0 } });
  const { code, stderr } = await scene.zeroclaw("events purge", { terminal: true, stdin });
  expect(code).toBe(1);
  expect(stderr).toEndWith("Type y to go on:\nNothing was purged.\n");
  expect(requests).toEqual([]);
});

test.each([
  ["", 'nobody is at a terminal to be asked. Add "--yes".'],
  ["--yes --older-than month", "Use 30d, 12h or 2026-11-22T14:05:00Z"],
  ["--yes --state running", "Use dead or done."],
  ["--yes 0198f3a2", "it takes no arguments"],
])("`events purge %s` is a usage error, and deletes nothing", async (options, message) => {
  const { requests } = scene.serve({ [PURGE]: { purged: 1, removed: 0 } });
  const { code, stderr } = await scene.zeroclaw(`events purge ${options}`.trim(), { stdin: "y\n" });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(requests).toEqual([]);
});
