import { describe, expect, test } from "bun:test";
import { type } from "arktype";
import fc from "fast-check";
import { findSetting, fixedKeys, keys } from "../../src/config/keys.ts";
import { checkSetting } from "../../src/config/setting-check.ts";
import { SETTING_CHECKS } from "../../src/config/settings.generated.ts";
import type { Setting } from "../../src/config/settings.ts";
import { parseToml } from "../../src/config/toml-read.ts";
import { sha256Hex } from "../../src/lib/hash.ts";

const settings = keys().map((key): [string, Setting] => [key, findSetting(key.replace("<name>", "shop"))!]); // all known
const ofKey = (key: string) => findSetting(key)!; // the tests name known keys
const complaint = (key: string, value: unknown) => {
  const checked = checkSetting(key, ofKey(key), value);
  return checked.ok ? null : checked.detail;
};

describe("checkSetting", () => {
  test("agrees with arktype about every type that a setting has", () => {
    const bounds = [0, 1, 240, 256, 1024, 3650, 65_535, 86_400, 1_000_000, 10_000_000, 67_108_864];
    const value = fc.oneof(
      fc.constantFrom(...bounds.flatMap((bound) => [bound - 1, bound, bound + 0.5, bound + 1, -bound])),
      fc.constantFrom(
        Number.NaN,
        Number.POSITIVE_INFINITY,
        "",
        "acp",
        "auto",
        "hmac",
        "path",
        "operator",
        null,
        undefined,
      ),
      fc.string(),
      fc.boolean(),
      fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    );
    const types = [...new Set(settings.map(([, setting]) => setting.type))];
    expect(Object.keys(SETTING_CHECKS).toSorted()).toEqual(types.toSorted());
    for (const definition of types) {
      // `as`: arktype infers from a literal; the definitions are known as strings.
      const reference = type(definition as "string");
      fc.assert(
        fc.property(value, (each) => {
          expect(SETTING_CHECKS[definition]!(each)).toBe(reference.allows(each)); // there is one for each, see above
        }),
      );
    }
  });

  test("accepts every default", () => {
    for (const [key, setting] of settings) {
      if (setting.default !== undefined) expect(checkSetting(key, setting, setting.default).ok).toBe(true);
    }
    expect(fixedKeys().filter((key) => ofKey(key).default !== undefined).length).toBeGreaterThan(15);
  });

  test("says what is allowed and what was found", () => {
    expect(complaint("gateway.port", 70_000)).toBe(
      '"gateway.port" must be a whole number from 0 to 65535 (0: a random free port) (found 70000)',
    );
    expect(complaint("gateway.port", "8585")).toContain('(found "8585")');
    expect(complaint("gateway.host", "")).toBe(
      '"gateway.host" must be an address or host name, not empty (found empty text)',
    );
    expect(complaint("gateway.host", parseToml("x = 1979-05-27")["x"])).toContain("(found a date or time)");
    expect(complaint("agent.kind", "gpt")).toContain('(found "gpt")');
  });

  test.each(["agent.api_key", "channels.github.secret", "channels.whatsapp.app_secret"])(
    "shows nothing of %s",
    (key) => {
      for (const value of [["hunter2"], { a: "hunter2" }, 42]) {
        expect(complaint(key, value)).not.toContain("hunter2");
      }
      expect(complaint("channels.github.secrets", "hunter2")).toContain("text that is not shown");
    },
  );

  test.each(["API_KEY=hunter2", "API_KEY hunter2", "=hunter2"])(
    "shows nothing of the value that %s in agent.env would set",
    (entry) => {
      expect(complaint("agent.env", [entry])).not.toContain("hunter2");
    },
  );

  test("turns paired tokens into hashes in lower case", () => {
    const [hash, token] = ["AB".repeat(32), `zc_${"cd".repeat(32)}`];

    expect(checkSetting("gateway.paired_tokens", ofKey("gateway.paired_tokens"), [hash, token])).toEqual({
      ok: true,
      value: ["ab".repeat(32), sha256Hex(token)],
    });
  });
});

describe("rules", () => {
  test.each([
    ["gateway.host", "127.0.0.1"],
    ["gateway.host", "::"],
    ["gateway.host", "[::1]"],
    ["gateway.host", "fe80::1%eth0"],
    ["gateway.host", "localhost"],
    ["gateway.host", "my_host.local"],
    ["gateway.public_url", ""],
    ["gateway.public_url", "https://gateway.example.com/base"],
    ["gateway.allowed_origins", ["https://app.example.com", "http://localhost:5173", "tauri://localhost"]],
    ["gateway.allowed_hosts", ["gateway.local", "192.0.2.1", "[2001:db8::1]"]],
    ["gateway.trusted_proxies", ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"]],
    ["agent.base_url", "http://127.0.0.1:11434/v1"],
    ["agent.command", ["agent", "--flag"]],
    ["agent.env", ["ANTHROPIC_API_KEY", "npm_config_registry", "my.name-1"]],
    ["agent.env", []],
    ["store.url", "sqlite:state.db"],
    ["store.url", "sqlite:data/state..db"],
    ["channels.shop.expect_every", "30m"],
    ["channels.github.allowed_repos", ["owner/name", "owner/*", "*"]],
    ["channels.whatsapp.phone_number_id", "106540352242922"],
    ["channels.shop.secrets", ["old", "new"]],
    ["channels.shop.header", "X-Shop_Signature.1"],
    ["channels.shop.signed", "v0:{timestamp}:{body}"],
    ["channels.shop.signed", "{timestamp}{body}"],
    ["channels.shop.signed", "{id}.{timestamp}{body}"],
    ["channels.shop.signed", "{body}-salt"],
    ["channels.shop.secret", " x "],
    ["channels.shop.id_field", "data.id"],
    ["channels.shop.prompt", "Order {{ id }}"],
    ["channels.shop.prompts", { push: "{{ @summary }}", "issues.opened": "{{ issue.title | limit:20 }}" }],
    ["channels.shop.prompts", {}],
    ["channels.shop.prompts.issues.opened", "{{ issue.title }}"],
  ])("accept %s = %p", (key, value) => {
    expect(complaint(key, value)).toBeNull();
  });

  test.each([
    ["gateway.host", " ", '" " is neither an address nor a host name'],
    ["gateway.host", "127.0.0.1:8585", '"127.0.0.1:8585" holds a port, which belongs in gateway.port'],
    ["gateway.host", "*", '"*" is no address; all interfaces are "0.0.0.0"'],
    ["gateway.host", "http://x", "is neither an address nor a host name"],
    ["gateway.host", "10.0.0.0/8", "is neither an address nor a host name"],
    ["gateway.host", "a..b", "is neither an address nor a host name"],
    ["gateway.public_url", "gateway.example.com", "is neither an http:// nor an https:// URL"],
    ["gateway.public_url", "ftp://x", "is neither an http:// nor an https:// URL"],
    [
      "gateway.allowed_origins",
      ["https://a.example", "https://b.example/"],
      'entry 2 ("https://b.example/") is no origin; write "https://b.example"',
    ],
    ["gateway.allowed_origins", ["*"], 'entry 1 ("*") is no origin'],
    ["gateway.allowed_origins", ["null"], 'entry 1 ("null") is no origin'],
    ["gateway.allowed_origins", ["https://B.example"], 'write "https://b.example"'],
    ["gateway.allowed_origins", ["tauri://localhost/x"], "it has a path or a query"],
    ["gateway.allowed_hosts", ["https://x"], "is a URL; only the host name is wanted"],
    ["gateway.allowed_hosts", ["x:80"], "holds a port"],
    ["gateway.allowed_hosts", ["*.example.com"], "is no host name"],
    [
      "gateway.trusted_proxies",
      ["10.0.0.0/8", "10.0.0.0/33"],
      'entry 2 ("10.0.0.0/33") has a prefix that is not a number from 0 to 32',
    ],
    ["gateway.trusted_proxies", ["::/129"], "from 0 to 128"],
    ["gateway.trusted_proxies", ["proxy.local"], "is neither an address nor a network such as 10.0.0.0/8"],
    ["gateway.trusted_proxies", ["10.0.0.0/8/8"], "has a prefix"],
    ["gateway.paired_tokens", ["zc_short"], "entry 1 is neither a hash (64 hex digits) nor a token"],
    ["agent.base_url", "", "empty text is neither an http:// nor an https:// URL"],
    ["agent.command", ["agent", ""], 'entry 2 ("") is empty'],
    ["agent.env", ["HOME", ""], "entry 2 is empty; names of variables are wanted"],
    ["agent.env", ["API_KEY=hunter2"], 'entry 1 sets "API_KEY"; give the name alone'],
    ["agent.env", ["X Y"], "entry 1 is no name of a variable: it has a blank"],
    ["agent.env", ["=x"], "nothing before its ="],
    ["agent.env", ["a\u0000b"], "a control character"],
    ["store.url", "sqlite:/etc/passwd", "names a file outside the gateway's folder"],
    ["store.url", "sqlite:../state.db", "names a file outside the gateway's folder"],
    ["store.url", "sqlite:a/../../b", "names a file outside the gateway's folder"],
    ["store.url", "sqlite:C:\\state.db", "names a file outside the gateway's folder"],
    ["store.url", "sqlite://state.db", "is not sqlite:<file>"],
    ["store.url", "sqlite:", "is not sqlite:<file>"],
    ["store.url", "state.db", "is not sqlite:<file>"],
    ["store.url", "sqlite:a\u0000b", "characters that are not allowed"],
    ["channels.shop.expect_every", "daily", "is no duration such as 30m or 24h"],
    ["channels.shop.expect_every", "0s", "is no duration"],
    ["channels.github.allowed_repos", ["https://github.com/owner/name"], 'is neither owner/name nor owner/* nor "*"'],
    ["channels.whatsapp.phone_number_id", "+49123", "is not made of digits alone"],
    ["channels.shop.secrets", ["a", "b", "c"], "holds 3 secrets, and at most 2 are allowed"],
    ["channels.shop.secrets", ["a", ""], "entry 2 is blank"],
    ["store.url", "postgres://db/zeroclaw", "is PostgreSQL, and this version keeps its state in SQLite only"],
    ["store.url", "postgresql:", "is PostgreSQL, and this version keeps its state in SQLite only"],
    ["channels.shop.header", "X-Signature:", "is no header's name: it ends with a colon"],
    ["channels.shop.id_header", "X Id", "is no header's name (RFC 9110"],
    ["channels.shop.type_header", "X-Größe", "is no header's name"],
    ["channels.shop.timestamp_header", "x\r\ny", "is no header's name"],
    ["channels.shop.id_field", "data..id", "is no path such as data.id"],
    ["channels.shop.signed", "{timestamp}", "has no {body}"],
    ["channels.shop.signed", "{body}{body}", "has {body} more than once"],
    [
      "channels.shop.signed",
      "{body}{id}",
      "does not end with {body}: one signature would be right for several deliveries",
    ],
    ["channels.shop.signed", "{body}.{timestamp}", "does not end with {body}"],
    ["channels.shop.signed", "{timestamp}.{body}.", "does not end with {body}"],
    ["channels.shop.signed", "{id}{body}", "has no text between {id} and what follows it"],
    ["channels.shop.signed", "{id}{timestamp}.{body}", "has no text between {id} and what follows it"],
    ["channels.shop.signed", "{id}.{id}{body}", "allowed is such as {id}.{timestamp}.{body}"],
    ["channels.shop.secret", " ", "blank text is no secret: anybody guesses it"],
    ["channels.shop.reply_secret", "\t", "blank text is no secret"],
    ["channels.github.access_token", "\n", "blank text is no secret"],
    ["channels.whatsapp.app_secret", " ", "blank text is no secret"],
    ["channels.whatsapp.verify_token", " ", "blank text is no secret"],
    ["channels.whatsapp.app_secrets", ["a", " "], "entry 2 is blank, which anybody guesses"],
    ["agent.api_key", " ", "blank text is no secret"],
    ["channels.shop.signed", "{ts}.{body}", "has {ts}, which is none of {body}, {timestamp} and {id}"],
    ["channels.whatsapp.graph_url", "graph.facebook.com", "is neither an http:// nor an https:// URL"],
    ["channels.shop.reply_url", "file:///etc/passwd", "is neither an http:// nor an https:// URL"],
    [
      "channels.shop.prompt",
      "{{ id | limt:3 }}",
      'line 1, column 9: there is no filter "limt" (did you mean "limit"?)',
    ],
    ["channels.shop.prompt", " \n", "is a template without a word"],
    ["channels.shop.prompt", "Do it.", "names nothing of the delivery"],
    [
      "channels.shop.prompts",
      { push: "{{ x }}", issues: "{{" },
      '"issues" cannot be read as a template: line 1, column 1',
    ],
    ["channels.shop.prompts", { "": "{{ x }}" }, "which is no type of events"],
    ["channels.shop.prompts", { "a b": "{{ x }}" }, '"a b" stands under "a b", which is no type of events'],
    ["channels.shop.prompts", { push: 1 }, "must be a table of strings"],
    ["channels.shop.prompts", ["{{ x }}"], "must be a table of strings"],
    ["channels.shop.prompts", parseToml("x = 1979-05-27")["x"], "(found a date or time)"],
    ["channels.shop.prompts.push", "Do it.", '"channels.shop.prompts.push": "Do it." names nothing of the delivery'],
    ["channels.shop.prompts.a b", "{{ x }}", "which is no type of events"],
  ])("refuse %s = %p: %s", (key, value, reason) => {
    expect(complaint(key, value)).toContain(reason);
    expect(complaint(key, value)).toStartWith(`"${key}"`);
  });

  test("never repeat a password that stands in a URL", () => {
    for (const [key, url] of [
      ["gateway.public_url", "https://user:hunter2@example.com"],
      ["store.url", "mysql://user:hunter2@db/x"],
      ["store.url", "postgres://user:hunter2@:x:y"],
      ["store.url", "postgres://user@db/x?sslmode=off&password=hunter2"],
    ] as const) {
      expect(complaint(key, url)).not.toBeNull();
      expect(complaint(key, url)).not.toContain("hunter2");
    }
    expect(complaint("gateway.paired_tokens", [`zc_${"f".repeat(63)}`])).not.toContain("fff");
  });
});
