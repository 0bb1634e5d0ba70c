import { expect, test } from "bun:test";
import { localScene } from "../support/cli.ts";

const A = "0198f3a2-7c1b-7000-8000-00000000000a";
const B = "0198ffff-0000-7000-8000-00000000000b";
const GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const scene = localScene();
const refusal = {
  at: "2026-11-22T11:00:00.000Z",
  source: "hub",
  reason: "wrong_signature",
  detail: "The signature is not that of the 7,741 bytes\nthat came.",
  fix: "Compare channels.hub.secret with the webhook's secret.",
  client: "192.0.2.7",
  request_id: A,
  size: 7741,
  delivery_id: GUID,
  event: "issues",
};
const page = { refusals: [{ ...refusal, request_id: B, source: "shop" }, refusal], next: null };
const sources = { sources: [{ source: "hub", kind: "github", on: true, samples: [] }] };

test("`webhook trace` lists the refused deliveries, newest first as the gateway gives them", async () => {
  scene.serve({ "GET /api/refusals": page });
  expect(await scene.zeroclaw("webhook trace")).toEqual({
    code: 0,
    stdout: `TIME (UTC)           REQUEST   SOURCE  REASON           CLIENT
2026-11-22 11:00:00  0198ffff  shop    wrong_signature  192.0.2.7
2026-11-22 11:00:00  0198f3a2  hub     wrong_signature  192.0.2.7
`,
    stderr: "What was found, and what to do: zeroclaw webhook trace <request>\n",
  });
});

test("`webhook trace` passes its filters on, and --json is the gateway's rows", async () => {
  const { requests } = scene.serve({ "GET /api/refusals": page });
  const { stdout } = await scene.zeroclaw("webhook trace --source a&b --since 24h -n 5 --json");
  expect(JSON.parse(stdout)).toEqual(page);
  expect(requests[0]?.line).toBe("GET /api/refusals?source=a%26b&since=2026-11-21T12%3A00%3A00.000Z&limit=5");
});

test("`webhook trace` says where the accepted ones are when none was refused", async () => {
  scene.serve({ "GET /api/refusals": { refusals: [], next: null } });
  expect(await scene.zeroclaw("webhook trace")).toEqual({
    code: 0,
    stdout: "",
    stderr: "No delivery was refused. Those that were accepted: zeroclaw events list\n",
  });
});

test("`webhook trace` of a request shows what was found, what to do, and how its sender sends it again", async () => {
  const { requests } = scene.serve({
    "GET /api/refusals": { refusals: [refusal], next: null },
    "GET /api/sources": sources,
  });
  const { code, stdout } = await scene.zeroclaw(`webhook trace ${A.toUpperCase()}`);
  expect(code).toBe(0);
  expect(stdout).toStartWith(`request   ${A}
time      2026-11-22 11:00:00 UTC
source    hub
reason    wrong_signature
client    192.0.2.7
event     issues
size      7.7 KB
delivery  ${GUID}

What was found
  The signature is not that of the 7,741 bytes
  that came.

What to do
  Compare channels.hub.secret with the webhook's secret.

To have it sent again
  GitHub does not send it again by itself, but can be told to for 3 days.
`);
  expect(stdout).toContain(`select(.guid == "${GUID}")`);
  expect(requests[0]?.line).toBe(`GET /api/refusals?request_id=${A}&limit=1`);
});

test("`webhook trace` finds a request by the beginning of its id, looking only since the time in it", async () => {
  const { requests } = scene.serve({ "GET /api/refusals": page, "GET /api/sources": sources });
  const { stdout } = await scene.zeroclaw("webhook trace 0198f3a2-7 --json");
  expect(JSON.parse(stdout)).toEqual(refusal);
  const since = new URL(requests[0]?.line.slice(4) ?? "", "http://x").searchParams.get("since") ?? "";
  expect(Date.parse(since)).toBe(0x0198f3a27000 - 1);
});

test("`webhook trace` takes a source's name for its kind when the gateway does not know it any more", async () => {
  scene.serve({ "GET /api/refusals": { refusals: [{ ...refusal, source: "stripe" }], next: null } });
  expect((await scene.zeroclaw(`webhook trace ${A}`)).stdout).toContain(
    "  With its command line: stripe events resend",
  );
});

test("`webhook trace` lets nothing of a stranger's draw on the terminal, or into a command line", async () => {
  const delivery_id = '"; rm -rf ~ \u001b[2J';
  const hostile = { ...refusal, source: "github", event: "\u202e", detail: "\u001b]0;x\u0007", delivery_id };
  scene.serve({ "GET /api/refusals": { refusals: [hostile], next: null } });
  const { stdout } = await scene.zeroclaw(`webhook trace ${A}`);
  expect(/[\u0000-\u0009\u000b-\u001f\u202e]/.test(stdout)).toBe(false);
  expect(stdout).toContain('delivery  "; rm -rf ~ \\u001b[2J\n');
  expect(stdout).toContain('select(.guid == "DELIVERY")');
});

test.each([
  [B, `no refused delivery had the request id "${B}".\nIf it was accepted, it is among the events`],
  ["ffff", 'there is no request "ffff".\nFor their ids: zeroclaw webhook trace'],
  ["0198", '"0198" is the beginning of 2 requests. Give more of the id:'],
  ["../../devices", "there is no request"],
  ["01", "too short"],
])("`webhook trace %s` fails and says how to go on", async (id, message) => {
  scene.serveWith((_request, url) =>
    Response.json(url.searchParams.has("request_id") ? { refusals: [], next: null } : page),
  );
  const { code, stderr } = await scene.zeroclaw(`webhook trace ${id}`);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

test.each([
  ["-n 0", "is not a number of deliveries"],
  ["--since yesterday", "Use 24h, 7d or 2026-11-22T14:05:00Z"],
  [`${A} --source github`, "are for the list"],
])("`webhook trace %s` is a usage error", async (options, message) => {
  const { code, stderr } = await scene.zeroclaw(`webhook trace ${options}`);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
