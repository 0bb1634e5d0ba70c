import { expect, test } from "bun:test";
import { localScene } from "../support/cli.ts";

const A = "0198f3a2-7c1b-7000-8000-00000000000a";
const B = "0198ffff-0000-7000-8000-00000000000b";
const DEVICES = [
  {
    device_id: A,
    name: "phone",
    scope: "owner",
    created_at: "2026-11-20T10:00:00.000Z",
    last_seen_at: "2026-11-22T11:57:00.000Z",
    current: false,
  },
  {
    device_id: B,
    name: "\u001b[31mred\u202e",
    scope: "ingest",
    created_at: "2026-11-21T10:00:00.000Z",
    last_seen_at: null,
    current: false,
  },
];
const scene = localScene();

test("`devices list` is a table in which names cannot draw on the terminal", async () => {
  scene.serve({ "GET /api/devices": { devices: DEVICES } });
  const { code, stdout } = await scene.zeroclaw("devices list");
  expect(code).toBe(0);
  expect(stdout).toBe(
    "ID        NAME                 SCOPE   CREATED (UTC)        LAST SEEN\n" +
      "0198f3a2  phone                owner   2026-11-20 10:00:00  3m ago\n" +
      "0198ffff  \\u001b[31mred\\u202e  ingest  2026-11-21 10:00:00  never\n",
  );
});

test("`devices list` --json is the gateway's document", async () => {
  scene.serve({ "GET /api/devices": { devices: DEVICES } });
  expect(JSON.parse((await scene.zeroclaw("devices list --json")).stdout)).toEqual({ devices: DEVICES });
});

test("`devices list` of nothing says how to pair, on stderr", async () => {
  scene.serve({ "GET /api/devices": { devices: [] } });
  const { code, stdout, stderr } = await scene.zeroclaw("devices list");
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("zeroclaw gateway get-paircode");
});

test("`devices revoke` takes the beginning of an id", async () => {
  const { requests } = scene.serve({ "GET /api/devices": { devices: DEVICES }, [`DELETE /api/devices/${A}`]: {} });
  expect((await scene.zeroclaw("devices revoke 0198f3")).stdout).toBe(
    `Revoked "phone" (${A}). Its token does not work any more.\n`,
  );
  expect(requests.map(({ line }) => line)).toEqual(["GET /api/devices", `DELETE /api/devices/${A}`]);
});

test("`devices revoke` refuses a beginning that two ids have, and changes nothing", async () => {
  const { requests } = scene.serve({ "GET /api/devices": { devices: DEVICES } });
  const { code, stderr } = await scene.zeroclaw("devices revoke 0198");
  expect(code).toBe(1);
  expect(stderr).toContain('"0198" is the beginning of 2 devices');
  expect(requests.map(({ line }) => line)).toEqual(["GET /api/devices"]);
});

test("`devices rename` sends the new name", async () => {
  const { requests } = scene.serve({ "GET /api/devices": { devices: DEVICES }, [`PATCH /api/devices/${A}`]: {} });
  const { stdout } = await scene.zeroclaw(["devices", "rename", "0198f3", "My phone"]);
  expect(stdout).toBe(`Renamed "phone" (${A}) to "My phone".\n`);
  expect(requests[1]).toEqual({ line: `PATCH /api/devices/${A}`, body: '{"name":"My phone"}' });
});

test("`devices rename` to nothing is a usage error", async () => {
  expect((await scene.zeroclaw(["devices", "rename", "0198", ""])).code).toBe(2);
});

test.each([
  "devices list",
  "devices revoke 0198",
  "devices rename 0198 x",
  "events list",
  "events tail",
  "send hi",
  "chat",
])("`%s` says that the gateway must run", async (line) => {
  const { code, stdout, stderr } = await scene.zeroclaw(line);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`no gateway runs on ${scene.dir}.\nStart one: zeroclaw gateway\n`);
});
