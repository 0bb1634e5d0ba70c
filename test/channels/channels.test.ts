import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Channel, isOff, isRefusal } from "../../src/channels/channel.ts";
import { openChannels } from "../../src/channels/channels.ts";
import type { ChannelValues } from "../../src/channels/values.ts";
import {
  CONTEXT,
  deliver,
  delivery,
  events,
  isEvents,
  NOW,
  open,
  readBody,
  SESSION_ID,
  stored,
  URL_OF,
} from "./support.ts";

const SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
const SCHEMES = ["standard-webhooks", "stripe", "slack", "telegram", "twilio", "hmac", "bearer", "basic", "path"];

const CHANNELS: readonly Channel[] = [
  open("github", { secret: SECRET, allowed_repos: ["*"], reply: true }),
  open("whatsapp", { app_secret: SECRET, verify_token: "v", allowed_numbers: ["*"] }),
  ...SCHEMES.map((scheme) => open(scheme, { scheme, secret: SECRET, reply_url: "https://a.example" })),
  open("named", { scheme: "hmac", secret: SECRET, id_field: "data.id", type_field: "data.kind" }),
  open("signed-all", {
    scheme: "hmac",
    secret: SECRET,
    algorithm: "sha512",
    encoding: "base64",
    prefix: "v=",
    header: "X-Sig",
    signed: "{id}.{timestamp}.{body}",
    timestamp_header: "X-Time",
    id_header: "X-Id",
    type_header: "X-Kind",
  }),
  open("gitlab", { scheme: "bearer", secret: SECRET, header: "X-Gitlab-Token" }),
  open("strange-path", { scheme: "path", secret: "a/b?c=%41 ü" }),
];

const SAMPLES = CHANNELS.flatMap((channel) =>
  channel.samples.map((sample) => ({ channel, sample, name: channel.name })),
);

describe("an example delivery", () => {
  test.each(SAMPLES)("of $name, $sample, is verified and read by its own channel", ({ channel, sample }) => {
    const made = channel.sample(sample, { ...CONTEXT, url: URL_OF(channel.name) });
    const outcome = deliver(channel, made);
    if (sample === "url_verification") {
      expect(outcome).toMatchObject({ status: 200, body: CONTEXT.id });
      return;
    }
    const [event, ...more] = events(outcome);
    expect(more).toEqual([]);
    expect(event!.session_id).toMatch(SESSION_ID);
    expect(Buffer.from(event!.body)).toEqual(Buffer.from(made.body));
    if (channel.kind === "github") expect(event!.type).toBe(sample);
  });

  test.each(SAMPLES)("of $name, $sample, fails with one bit of its proof or body changed", ({ channel, sample }) => {
    const made = channel.sample(sample, { ...CONTEXT, url: URL_OF(channel.name) });
    const body = Buffer.from(made.body);
    body[body.length >> 1]! ^= 1;
    const covered = !["telegram", "bearer", "basic", "path"].includes(channel.kind);
    expect(isEvents(deliver(channel, { ...made, body }))).toBe(!covered);
    const stripped = deliver(channel, { path: "", headers: {}, body: made.body });
    expect(stripped).toMatchObject({ code: "bad_signature", reason: "missing_signature" });
  });

  test.each(SAMPLES)(
    "of $name, $sample, has an id of its own each time, and the same when it is repeated",
    ({ channel, sample }) => {
      if (sample === "url_verification") return;
      const id = (unique: string) =>
        events(deliver(channel, channel.sample(sample, { now: NOW, id: unique, url: URL_OF(channel.name) })))[0]!
          .delivery_id;
      expect(id("one")).toBe(id("one"));
      expect(id("one")).not.toBe(id("two"));
      expect(id("one")).not.toBeNull();
    },
  );

  test("is the first one unless another is named, and an unknown name is told with the known ones", () => {
    for (const channel of CHANNELS) {
      const context = { ...CONTEXT, url: URL_OF(channel.name) };
      expect(channel.sample(null, context)).toEqual(channel.sample(channel.samples[0]!, context));
      expect(() => channel.sample("toString", context)).toThrow(channel.samples.join(", "));
    }
  });

  test("of GitHub is about an allowed repository, and disturbs no issue", () => {
    const channel = open("github", { secret: SECRET, allowed_repos: ["*", "acme/*"], reply: true });
    expect(channel.samples).toEqual([
      "ping",
      "push",
      "issues.opened",
      "issue_comment.created",
      "pull_request.opened",
      "workflow_run.completed",
      "release.published",
    ]);
    for (const sample of channel.samples) {
      const [event] = events(deliver(channel, channel.sample(sample, CONTEXT)));
      const plan = channel.plan(stored(channel, event!));
      expect(plan.run).toBe(sample !== "ping");
      if (plan.run && plan.reply)
        expect(plan.reply).toEqual({ kind: "github", repository: "acme/example", number: 2 ** 31 - 1 });
    }
  });
});

describe("openChannels", () => {
  test.each([
    ["github without a secret", "github", {}, "channels.github.secret"],
    ["github with an empty one", "github", { secret: "" }, "channels.github.secret"],
    ["github with empty ones", "github", { secrets: ["", ""] }, "channels.github.secret"],
    ["whatsapp without its app secret", "whatsapp", { verify_token: "v" }, "channels.whatsapp.app_secret"],
    ["whatsapp without its verify token", "whatsapp", { app_secret: "a" }, "channels.whatsapp.verify_token"],
    ["a source without a scheme", "shop", { secret: "s" }, "channels.shop.scheme"],
    ["a source with an unknown scheme", "shop", { secret: "s", scheme: "toString" }, "channels.shop.scheme"],
    ["a source without a secret", "shop", { scheme: "bearer" }, "channels.shop.secret"],
  ])("keeps %s off, and says why", (_what, name, values, setting) => {
    const channel = openChannels({ [name]: values as ChannelValues }, new Map()).get(name)!; // the union of the rows
    expect(isOff(channel) && channel.off).toContain(`"${setting}"`);
  });

  test("keeps a faulty channel off with its fault, and opens the others", () => {
    const good = { scheme: "bearer", secret: "s" };
    const opened = openChannels(
      { a: good, b: good },
      new Map([
        ["a", "no such file"],
        ["c", "not set"],
      ]),
    );
    expect([...opened].map(([name, channel]) => [name, isOff(channel) ? channel.off : "on"])).toEqual([
      ["a", "no such file"],
      ["b", "on"],
      ["c", "not set"],
    ]);
  });
});

// --- hostile bodies of senders whose signature is right ---------------------------------------------------------------

const HOSTILE_KEYS =
  "__proto__ constructor toString length 0 id type object entry changes value messages statuses errors contacts metadata phone_number_id from wa_id group_id field action repository full_name issue number comment user login sender author_association organization event channel ts thread_ts item authorizations is_bot message update_id chat data customer kind challenge".split(
    " ",
  );
const SCALAR = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "",
    "messages",
    "whatsapp_business_account",
    "event_callback",
    "url_verification",
    "x".repeat(300),
    "a/b",
    "../..",
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e308, -0, 2 ** 53, true, false, null),
);
const { json: HOSTILE } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    SCALAR,
    fc.array(tie("json"), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom(...HOSTILE_KEYS), tie("json")), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

/** A real example with one place, anywhere in it, made something else. */
const MUTATED = fc.tuple(fc.constantFrom(...SAMPLES), fc.nat(), HOSTILE).map(([{ channel, sample }, at, put]) => {
  const { body } = channel.sample(sample, { ...CONTEXT, url: URL_OF(channel.name) });
  const text = Buffer.from(body).toString();
  if (!text.startsWith("{")) return { channel, body: text };
  const places: (() => void)[] = [];
  const root = { value: JSON.parse(text) as unknown }; // an example, whatever it holds
  const walk = (holder: Record<string, unknown>, key: string) => {
    places.push(() => {
      holder[key] = put;
    });
    const inner = holder[key];
    if (typeof inner !== "object" || inner === null) return;
    for (const next of Object.keys(inner)) walk(inner as Record<string, unknown>, next); // an object, as was just seen
  };
  walk(root, "value");
  places[at % places.length]!();
  return { channel, body: JSON.stringify(root.value) };
});

const TYPES = [
  "application/json",
  "application/x-www-form-urlencoded",
  "text/plain",
  "",
  "multipart/form-data; boundary=x",
];

function mustBeSane(channel: Channel, body: string | Uint8Array, type: string) {
  const headers = { "Content-Type": type, "X-GitHub-Event": "issues", "X-GitHub-Delivery": "1", "X-Id": "1" };
  const outcome = readBody(channel, body, headers);
  if (!isEvents(outcome)) {
    if (isRefusal(outcome)) expect(["bad_body", "missing_delivery_id"]).toContain(outcome.reason);
    else expect(outcome.status).toBe(200);
    return;
  }
  for (const event of outcome) {
    expect(event.session_id).toMatch(SESSION_ID);
    expect(event.session_id === channel.name || event.session_id.startsWith(`${channel.name}:`)).toBe(true);
    expect(event.type).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/);
    expect(event.delivery_id === null || /^[\x21-\x7e]{1,255}$/.test(event.delivery_id)).toBe(true);
    const plan = channel.plan(stored(channel, event));
    if (!plan.run) expect(plan.reason).toMatch(/^[\x20-\x7e]{1,200}$/);
  }
}

describe("a verified body of any kind", () => {
  const CHANNEL = fc.constantFrom(...CHANNELS);
  const TYPE = fc.constantFrom(...TYPES);

  test("of hostile JSON becomes valid events or a refusal", () => {
    fc.assert(
      fc.property(CHANNEL, HOSTILE, TYPE, (channel, value, type) => {
        mustBeSane(channel, JSON.stringify(value), type);
      }),
      { numRuns: 1_000 },
    );
  });

  test("of a real delivery with a hostile value anywhere becomes valid events or a refusal", () => {
    fc.assert(
      fc.property(MUTATED, ({ channel, body }) => mustBeSane(channel, body, "application/json")),
      { numRuns: 1_000 },
    );
  });

  test("of hostile forms and bytes becomes valid events or a refusal", () => {
    const fields = fc.array(
      fc.tuple(
        fc.constantFrom("payload", "MessageSid", "From", "CallSid", "type", "channel_id"),
        fc.string({ unit: "binary" }),
      ),
    );
    fc.assert(
      fc.property(CHANNEL, fc.oneof(fc.uint8Array(), fields), TYPE, (channel, made, type) => {
        mustBeSane(channel, Array.isArray(made) ? new URLSearchParams(made).toString() : made, type);
      }),
    );
  });

  test.each(CHANNELS.map((channel) => ({ channel, name: channel.name })))(
    "nested deeply does not overflow $name",
    ({ channel }) => {
      const about = '"id":"1","type":"x","update_id":1';
      const batch = `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[1,`;
      for (const depth of [2_000, 200_000]) {
        const nest = "[".repeat(depth) + "]".repeat(depth);
        for (const body of [nest, `{${about},"data":${nest}}`, `${batch}${nest}]}}]}]}`, "[".repeat(depth)]) {
          mustBeSane(channel, body, "application/json");
        }
      }
    },
  );
});

describe("a label", () => {
  test("is made of any headers without an error", () => {
    const value = fc.stringMatching(/^[\x21-\x7e\xa0-\xff]{0,300}$/);
    fc.assert(
      fc.property(fc.constantFrom(...CHANNELS), value, (channel, text) => {
        const names = ["X-GitHub-Event", "X-GitHub-Delivery", "webhook-id", "Idempotency-Key", "X-Id", "X-Kind"];
        const { headers } = delivery(channel.name, Object.fromEntries(names.map((name) => [name, text])));
        const { delivery_id, event } = channel.label(headers);
        expect((delivery_id?.length ?? 0) <= 255 && (event?.length ?? 0) <= 128).toBe(true);
      }),
    );
  });
});
