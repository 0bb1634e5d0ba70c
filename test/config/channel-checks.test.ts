import { describe, expect, test } from "bun:test";
import { ConfigError, type ConfigProblem } from "../../src/config/config-error.ts";
import { loadConfig, problemsOfFile } from "../../src/config/load.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const KEY = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const hmac = (more: string) => `[channels.shop]\nscheme = "hmac"\nsecret = "s"\n${more}`;

async function problems(text: string): Promise<readonly ConfigProblem[]> {
  return problemsOfFile(text, "config.toml");
}

async function load(text: string, env: Record<string, string> = {}) {
  await Bun.write(folder.file(), text);
  return loadConfig({ dir: folder.path, env });
}

describe("a channel is refused", () => {
  test.each([
    ["[channels.github]\nsecret = 'a'\nsecrets = ['b', 'c']\n", "channels.github.secrets", 3, "are both given"],
    [
      "[channels.shop]\nscheme = 'bearer'\nalgorithm = 'sha512'\n",
      "channels.shop.algorithm",
      3,
      'does nothing with scheme = "bearer"',
    ],
    ["[channels.shop]\nscheme = 'stripe'\nheader = 'X'\n", "channels.shop.header", 3, 'scheme = "hmac" or "bearer"'],
    ["[channels.shop]\nscheme = 'hmac'\nusername = 'u'\n", "channels.shop.username", 3, 'scheme = "basic"'],
    [
      "[channels.shop]\nscheme = 'telegram'\ntolerance_seconds = 9\n",
      "channels.shop.tolerance_seconds",
      3,
      "standard-webhooks",
    ],
    [hmac("tolerance_seconds = 9\n"), "channels.shop.tolerance_seconds", 4, "does nothing without a time to compare"],
    [hmac("signed = '{timestamp}.{body}'\n"), "channels.shop.signed", 4, '"channels.shop.timestamp_header" beside it'],
    [
      hmac("timestamp_header = 'T'\nsigned = '{id}.{timestamp}.{body}'\n"),
      "channels.shop.signed",
      5,
      '"channels.shop.id_header" beside it',
    ],
    [hmac("id_header = 'I'\nid_field = 'id'\n"), "channels.shop.id_field", 5, "id_header or id_field, not both"],
    [
      hmac("type_header = 'I'\ntype_field = 'id'\n"),
      "channels.shop.type_field",
      5,
      "type_header or type_field, not both",
    ],
    [
      "[channels.shop]\nscheme = 'bearer'\nid_header = 'Authorization'\n",
      "channels.shop.id_header",
      3,
      "names a header that brings a secret",
    ],
    [
      "[channels.shop]\nscheme = 'bearer'\nheader = 'X-Key'\ntype_header = 'x-key'\n",
      "channels.shop.type_header",
      4,
      "names a header that brings a secret",
    ],
    [hmac("reply_url = 'https://x.example'\n"), "channels.shop.reply_url", 4, "has no secret to sign answers with"],
    [
      hmac("reply_secret = 'hunter2!'\n"),
      "channels.shop.reply_secret",
      4,
      "is no Standard Webhooks secret: it is not base64",
    ],
    [
      "[channels.shop]\nscheme = 'standard-webhooks'\nsecret = 'hunter2!'\n",
      "channels.shop.secret",
      3,
      "it is not base64",
    ],
    [
      `[channels.shop]\nscheme = 'standard-webhooks'\nsecrets = ['${KEY}', 'whsec_hunter2!']\n`,
      "channels.shop.secrets",
      3,
      "it is not base64",
    ],
  ])("%p: %s, line %p, %s", async (text, key, line, said) => {
    const found = await problems(text);

    expect(found.map((problem) => [problem.key, problem.line])).toEqual([[key, line]]);
    expect(`${found[0]?.detail} ${found[0]?.hint}`).toContain(said);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  test("once for a value that is wrong by itself, not again for what would follow from it", async () => {
    const found = await problems(hmac("timestamp_header = 'a b'\nsigned = '{timestamp}.{body}'\n"));

    expect(found.map(({ key }) => key)).toEqual(["channels.shop.timestamp_header"]);
  });

  test("by what the environment brings as well", async () => {
    const error: unknown = await load(hmac(""), { ZEROCLAW_CHANNELS__SHOP__USERNAME: "u" }).catch(
      (each: unknown) => each,
    );

    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('the environment: "channels.shop.username" does nothing with scheme = "hmac"');
  });
});

describe("a channel is taken", () => {
  test.each([
    hmac("timestamp_header = 'T'\nid_header = 'I'\nsigned = '{id}.{timestamp}.{body}'\ntolerance_seconds = 9\n"),
    hmac(`reply_url = 'https://x.example'\nreply_secret = '${KEY}'\n`),
    `[channels.shop]\nscheme = 'standard-webhooks'\nsecret = '${KEY}'\nreply_url = 'https://x.example'\ntolerance_seconds = 9\n`,
    "[channels.shop]\nscheme = 'standard-webhooks'\nsecret = 'env:NOT_HERE'\n",
    "[channels.shop]\nscheme = 'bearer'\nheader = 'X-Token'\nsecret = 's'\n",
    "[channels.shop]\nscheme = 'basic'\nusername = 'u'\nsecret = 's'\n",
    "[channels.github]\nsecrets = ['a', 'b']\n",
  ])("%p", async (text) => {
    expect(await problems(text)).toEqual([]);
  });
});

test.each(["secret", "secrets", "reply_secret"])(
  "a %s from elsewhere that is no key turns its channel off",
  async (key) => {
    const value = key === "secrets" ? "['env:S']" : "'env:S'";
    const secret = key === "reply_secret" ? `secret = '${KEY}'\n` : "";
    const { channelFaults } = await load(
      `[channels.shop]\nscheme = 'standard-webhooks'\n${secret}${key} = ${value}\n`,
      {
        S: "hunter2!",
      },
    );

    expect(channelFaults.get("shop")).toStartWith(
      `"channels.shop.${key}" is no Standard Webhooks secret: it is not base64`,
    );
    expect(channelFaults.get("shop")).not.toContain("hunter2");
  },
);

describe("loadConfig warns", () => {
  test("about Twilio without the address that it signs", async () => {
    const twilio = "[channels.sms]\nscheme = 'twilio'\nsecret = 's'\n";

    expect((await load(twilio)).warnings.join()).toContain("unless gateway.public_url says it");
    expect((await load(`[gateway]\npublic_url = 'https://x.example'\n${twilio}`)).warnings.join()).not.toContain(
      "Twilio",
    );
  });

  test("about a time that is compared and not signed", async () => {
    expect((await load(hmac("timestamp_header = 'T'\n"))).warnings.join()).toContain("names a time that is not signed");
  });
});
