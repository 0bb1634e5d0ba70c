import { expect, test } from "bun:test";
import { environmentName } from "../../src/config/environment.ts";
import { findSetting, keys } from "../../src/config/keys.ts";
import { configurationReference } from "../../src/config/reference.ts";
import { RUST_ENVIRONMENT, RUST_GATEWAY_KEYS } from "../../src/config/rust-keys.ts";

const text = configurationReference();

test("`configurationReference` has a row for every key, below the heading of its table", () => {
  const sections = new Map(text.split("\n## ").map((each) => [each.slice(0, each.indexOf("\n")), each]));
  for (const key of keys()) {
    const dot = key.lastIndexOf(".");
    const [table, name] = [key.slice(0, dot), key.slice(dot + 1)];
    const own = sections.get(`[${table}]`) ?? "";

    // What all channels share stands once, in a section above theirs.
    const shared = table.startsWith("channels.") ? (sections.get("[channels.…]") ?? "") : "";
    expect(own + shared).toContain(`\n| \`${name}\` | `);
  }
});

test("`configurationReference` writes tables that Markdown can read", () => {
  for (const line of text.split("\n").filter((each) => each.startsWith("| `"))) {
    expect(line.replaceAll("\\|", "").split("|").length).toBeOneOf([4, 5, 6]);
  }
});

test("every replacement of a setting or variable of the Rust ZeroClaw exists", () => {
  for (const { replacement } of Object.values(RUST_GATEWAY_KEYS)) {
    if (replacement !== undefined) expect(findSetting(replacement)).not.toBeNull();
  }
  const names = keys().map(environmentName);
  for (const ours of Object.values(RUST_ENVIRONMENT)) expect(names).toContain(ours);
});
