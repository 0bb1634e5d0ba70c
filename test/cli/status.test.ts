import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localScene } from "../support/cli.ts";

const scene = localScene();

const answer = {
  status: "ok",
  version: "0.1.0",
  uptime_seconds: 7_500,
  paired: true,
  pid: 77,
  address: "127.0.0.1:8585",
  agent: { kind: "operator", model: "operator" },
  channels: [
    { name: "github", on: true },
    { name: "whatsapp", on: false, reason: "no app_secret" },
  ],
  devices: 2,
  inbox: { received: 1, running: 0, retrying: 2, dead: 3, oldest_pending_at: null },
};
const note = () =>
  writeFile(
    join(scene.dir, "gateway.json"),
    JSON.stringify({
      pid: process.pid,
      host: "::1",
      port: 9090,
      started_at: "2026-11-22T10:00:00.000Z",
      version: "0.1.0",
    }),
  );

test("`status` shows where it runs and what waits", async () => {
  await note();
  scene.serve({ "GET /api/status": answer });
  const { code, stdout } = await scene.zeroclaw("status");
  expect(code).toBe(0);
  expect(stdout).toBe(
    `status    running
address   http://[::1]:9090
pid       77
version   0.1.0
uptime    2h 5m
folder    ${scene.dir}
agent     operator
channels  github
          whatsapp (off: no app_secret)
devices   2
inbox     1 waiting, 0 running, 2 retrying, 3 dead
`,
  );
});

test("`status` tells of answers on their way back, of silent sources, and of what asks for a person", async () => {
  const channels = [{ name: "shop", on: true, silent: true }];
  const replies = { pending: 1, sending: 2, retrying: 3, sent: 4, uncertain: 5, dead: 6 };
  scene.serve({ "GET /api/status": { ...answer, channels, replies } });
  const { stdout, stderr } = await scene.zeroclaw("status");
  expect(stdout).toContain("channels  shop (silent: nothing came for longer than expect_every)\n");
  expect(stdout).toEndWith("replies   3 waiting, 3 retrying, 4 sent, 5 uncertain, 6 dead\n");
  expect(stderr).toBe(
    "Dead events: zeroclaw events list --state dead. Again: zeroclaw events replay --failed\n" +
      "Uncertain and dead replies are not sent again by themselves: zeroclaw events show <id> says why\n",
  );
});

test("`status` has no advice when nothing asks for a person", async () => {
  const replies = { pending: 0, sending: 0, retrying: 0, sent: 9, uncertain: 0, dead: 0 };
  scene.serve({ "GET /api/status": { ...answer, inbox: { ...answer.inbox, dead: 0 }, replies } });
  expect((await scene.zeroclaw("status")).stderr).toBe("");
});

test("`status` --json has the gateway's document and where it runs", async () => {
  await note();
  scene.serve({ "GET /api/status": answer });
  const shown = JSON.parse((await scene.zeroclaw("status --json")).stdout);
  expect(shown).toMatchObject({ running: true, reachable: true, folder: scene.dir, port: 9090, inbox: answer.inbox });
});

test("`status` ends with 1 when nothing runs, with --json too", async () => {
  const [plain, json] = [await scene.zeroclaw("status"), await scene.zeroclaw("status --json")];
  expect([plain.code, plain.stdout, json.code]).toEqual([1, "", 1]);
  expect(plain.stderr).toContain("no gateway runs on");
  expect(JSON.parse(json.stdout)).toEqual({ running: false, reachable: false, folder: scene.dir });
});

test("`status` ends with 1 when it runs but cannot be reached", async () => {
  await note();
  const { code, stdout } = await scene.zeroclaw("status --json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ running: true, reachable: false, pid: process.pid });
});
