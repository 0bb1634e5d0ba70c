import { expect, test } from "bun:test";
import { localScene } from "../support/cli.ts";

const scene = localScene();

const live = { code: "WXYZ-1234-ABCD", expires_at: "2026-11-22T12:11:30.000Z" };

test("`get-paircode` prints the code as the page does, with the minutes that are left, rounded up", async () => {
  scene.serve({ "GET /local/paircode": live });
  expect(await scene.zeroclaw("gateway get-paircode")).toEqual({
    code: 0,
    stdout: "🔐 Pairing Code: WXYZ-1234-ABCD\n   Use this code to authenticate new clients\n   Valid for: 12 minutes\n",
    stderr: "",
  });
});

test("`get-paircode` says one minute of a code's last seconds", async () => {
  scene.serve({ "GET /local/paircode": { ...live, expires_at: "2026-11-22T12:00:01.000Z" } });
  expect((await scene.zeroclaw("gateway get-paircode")).stdout).toContain("Valid for: 1 minute\n");
});

test("`get-paircode` says how to make a code when none works, with exit code 1", async () => {
  scene.serve({ "GET /local/paircode": { code: null, expires_at: null } });
  const { code, stdout, stderr } = await scene.zeroclaw("gateway get-paircode");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("Make a new one, which logs nobody out: zeroclaw gateway get-paircode --new\n");
});

const further = [
  { code: "ABCD-1234-WXYZ", scope: "ingest", device_name: "ci\u001b[2J", expires_at: "2026-11-22T12:11:30.000Z" },
  { code: "EFGH-1234-WXYZ", scope: "chat", expires_at: "2026-11-22T12:00:01.000Z" },
];

test("`get-paircode` lists the live codes that were made for a scope or a name", async () => {
  scene.serve({ "GET /local/paircode": { ...live, further } });
  expect((await scene.zeroclaw("gateway get-paircode")).stdout).toEndWith(`   Valid for: 12 minutes

FURTHER CODE    SCOPE   VALID FOR   NAME
ABCD-1234-WXYZ  ingest  12 minutes  ci\\u001b[2J
EFGH-1234-WXYZ  chat    1 minute
`);
});

test("`get-paircode` lists them also when the owner's code was used", async () => {
  scene.serve({ "GET /local/paircode": { code: null, expires_at: null, further } });
  const { code, stdout, stderr } = await scene.zeroclaw("gateway get-paircode");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toStartWith("FURTHER CODE    SCOPE ");
});

test("`get-paircode` --new makes one, for a scope and a name", async () => {
  const { requests } = scene.serve({ "POST /local/paircode": live });
  const { code, stdout } = await scene.zeroclaw("gateway get-paircode --new --scope ingest --name ci");
  expect(code).toBe(0);
  expect(stdout).toStartWith("🔐 New Pairing Code: WXYZ-1234-ABCD\n");
  expect(stdout).toEndWith("   Scope: ingest, Device: ci\n");
  expect(requests).toEqual([{ line: "POST /local/paircode", body: '{"scope":"ingest","device_name":"ci"}' }]);
});

test("`get-paircode` --json prints the document alone", async () => {
  scene.serve({ "GET /local/paircode": live });
  expect((await scene.zeroclaw("gateway get-paircode --json")).stdout).toBe(`${JSON.stringify(live)}\n`);
});

test.each([
  ["--scope chat", 'Add "--new"'],
  ["--new --scope admin", "Use owner, chat or ingest."],
  ["--new --name=", "1 to 64 characters are needed"],
])("`get-paircode %s` is a usage error", async (options, message) => {
  const { code, stderr } = await scene.zeroclaw(`gateway get-paircode ${options}`);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
