import { expect, test } from "bun:test";
import { localScene, problem } from "../support/cli.ts";

const A = "0198f3a2-7c1b-7000-8000-00000000000a";
const scene = localScene();
const taken = {
  status: 202,
  ok: true,
  answer: `{"status":"accepted","event_id":"${A}"}`,
  event_id: A,
  url: "http://127.0.0.1:8585/webhook/github",
  event: "ping",
};
const sources = {
  sources: [
    { source: "github", kind: "github", on: true, address: "/webhook/github", samples: ["ping", "push"] },
    { source: "shop", on: false, reason: "channels.shop.secret is missing", samples: [] },
  ],
};

test("`webhook test` says what was sent where, and what the gateway answered", async () => {
  const { requests } = scene.serve({ "POST /api/sources/github/test": taken });
  expect(await scene.zeroclaw("webhook test github")).toEqual({
    code: 0,
    stdout: `Sent a signed "ping" to http://127.0.0.1:8585/webhook/github
Answer 202
  {"status":"accepted","event_id":"${A}"}
`,
    stderr: `What becomes of it: zeroclaw events show ${A}\n`,
  });
  expect(requests).toEqual([{ line: "POST /api/sources/github/test", body: "{}" }]);
});

test("`webhook test` --event asks for one of the examples", async () => {
  const { requests } = scene.serve({ "POST /api/sources/github/test": taken });
  await scene.zeroclaw("webhook test github --event issues.opened");
  expect(requests[0]?.body).toBe('{"event":"issues.opened"}');
});

test("`webhook test` ends with 1 when the delivery was refused, and says where the reason is", async () => {
  scene.serve({
    "POST /api/sources/a%2Fb/test": { ...taken, status: 401, ok: false, answer: "", event_id: undefined },
  });
  expect(await scene.zeroclaw("webhook test a/b")).toEqual({
    code: 1,
    stdout: `Sent a signed "ping" to http://127.0.0.1:8585/webhook/github\nAnswer 401\n  (empty)\n`,
    stderr: "Why, and what to do: zeroclaw webhook trace --source a/b\n",
  });
});

test("`webhook test` --json is the gateway's document, with the same exit codes", async () => {
  const refused = { ...taken, status: 503, ok: false };
  scene.serve({ "POST /api/sources/github/test": taken, "POST /api/sources/shop/test": refused });
  const [good, bad] = [
    await scene.zeroclaw("webhook test github --json"),
    await scene.zeroclaw("webhook test shop --json"),
  ];
  expect([good.code, JSON.parse(good.stdout), bad.code, JSON.parse(bad.stdout)]).toEqual([0, taken, 1, refused]);
});

test("`webhook test` passes on why a source cannot be tested", async () => {
  scene.serveWith(() => problem(503, "channel_off", 'The channel "shop" is off: channels.shop.secret is missing'));
  const { code, stderr } = await scene.zeroclaw("webhook test shop");
  expect([code, stderr]).toEqual([
    1,
    'Cannot test the source: The channel "shop" is off: channels.shop.secret is missing\n',
  ]);
});

test("`webhook test` lets no answer draw on the terminal", async () => {
  scene.serve({ "POST /api/sources/github/test": { ...taken, answer: "\u001b[2Jtwo\nlines", url: "http://x/\u202e" } });
  const { stdout } = await scene.zeroclaw("webhook test github");
  expect(stdout).toBe('Sent a signed "ping" to http://x/\\u202e\nAnswer 202\n  \\u001b[2Jtwo\n  lines\n');
});

test("`webhook test` --list shows every source with its examples, or why it is off", async () => {
  scene.serve({ "GET /api/sources": sources });
  expect((await scene.zeroclaw("webhook test --list")).stdout).toBe(
    `SOURCE  KIND    ADDRESS          EXAMPLES
github  github  /webhook/github  ping, push
shop            off              channels.shop.secret is missing
`,
  );
  expect((await scene.zeroclaw("webhook test github --list")).stdout).not.toContain("shop");
  expect(JSON.parse((await scene.zeroclaw("webhook test shop --list --json")).stdout)).toEqual({
    sources: [sources.sources[1]],
  });
});

test("`webhook test` --list names the sources when one is not there, and says how to make the first", async () => {
  scene.serve({ "GET /api/sources": sources });
  const { code, stderr } = await scene.zeroclaw("webhook test gitlab --list");
  expect([code, stderr]).toEqual([
    1,
    'Cannot list the sources: there is no source "gitlab". There are github, shop.\n',
  ]);
});

test("`webhook test` --list says how a source is made when there is none", async () => {
  scene.serve({ "GET /api/sources": { sources: [] } });
  expect(await scene.zeroclaw("webhook test --list")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "No source is configured: a source is a table [channels.<name>] in config.toml.\n",
  });
});

test.each([
  ["", "<source> is missing"],
  ["github --list --event push", "Give one of them."],
  ["github gitlab", '"gitlab" was given too'],
])("`webhook test %s` is a usage error", async (options, message) => {
  const { code, stderr } = await scene.zeroclaw(`webhook test ${options}`.trim());
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
