import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isMarked } from "../../src/lib/github-marker.ts";
import { commentOf, markOfReply, withoutMentions } from "../../src/replies/github-comment.ts";
import { commentReply } from "./support.ts";

const MENTION = /(?<![A-Za-z0-9])@[A-Za-z0-9]/;
/** Mentions shown as they would be read, with the zero-width space visible. */
const shown = (text: string) => withoutMentions(text).replaceAll("\u200b", "·");

describe("commentOf", () => {
  test("begins with the hidden marks of the event and of the reply", () => {
    const reply = commentReply({ content: "All green." });
    expect(commentOf(reply)).toBe(
      `<!-- zeroclaw:${reply.event_id} -->\n<!-- zeroclaw:${reply.reply_id} -->\nAll green.`,
    );
    expect(isMarked(commentOf(reply))).toBe(true);
    expect(commentOf(reply)).toContain(markOfReply(reply));
  });

  test("leaves 65,536 characters whole and cuts one more, saying so", () => {
    const marks = commentOf(commentReply({ content: "" })).length;
    const whole = commentOf(commentReply({ content: "x".repeat(65_536 - marks) }));
    expect(whole).toHaveLength(65_536);
    expect(whole).toEndWith("xxx");
    const cut = commentOf(commentReply({ content: "x".repeat(65_537 - marks) }));
    expect(cut.length).toBeLessThanOrEqual(65_536);
    expect(cut).toEndWith("too long for a comment.)*");
    const wide = commentOf(commentReply({ content: "😀".repeat(40_000) }));
    expect([wide.length <= 65_536, wide.isWellFormed()]).toEqual([true, true]);
  });

  test("counts the characters that break mentions", () => {
    expect(commentOf(commentReply({ content: "@a ".repeat(21_000) })).length).toBeLessThanOrEqual(65_536);
  });
});

describe("withoutMentions", () => {
  test("breaks mentions of people and teams, and leaves addresses alone", () => {
    expect(shown("@octocat, ask (@acme/core) or me@example.com")).toBe(
      "@·octocat, ask (@·acme/core) or me@example.com",
    );
    expect(shown("_@octocat_ @@octocat `@octocat` é@octocat")).toBe("_@·octocat_ @@·octocat `@·octocat` é@·octocat");
    expect(shown("a @ b, @, @-x")).toBe("a @ b, @, @-x");
  });

  test("leaves code blocks as they are, for copying", () => {
    const text = "Run\n\n```sh\nnpm i @types/node\n```\n\nthen ask @octocat";
    expect(shown(text)).toBe("Run\n\n```sh\nnpm i @types/node\n```\n\nthen ask @·octocat");
    expect(shown("a -> b\n```\n@x\n```")).toBe("a -> b\n```\n@x\n```");
  });

  test("knows where a code block ends", () => {
    expect(shown("```\n@a\n``\n@b\n````  \n@c")).toBe("```\n@a\n``\n@b\n````  \n@·c");
    expect(shown("````\n```\n@a\n   ````\n@b")).toBe("````\n```\n@a\n   ````\n@·b");
    expect(shown("```\r@a\r```\r@b")).toBe("```\r@a\r```\r@·b");
    expect(shown("``` a`b\n@c")).toBe("``` a`b\n@·c");
  });

  test.each([
    ["an HTML comment", "<!--\n```\n-->\n@team\n```"],
    ["an HTML block", "<div>\n```\n</div>\n\n@team\n```"],
    ["a quote", "> ```\n\n```\n@team\n> x\n```\n"],
    ["a fence of tildes", "~~~\n```\n~~~\n@team\n```"],
    ["a fence in a list", "- ```\n  x\n  ```\n\n```\n@code\n```\n@team"],
    ["mathematics", "$$\n```\n$$\n@team\n```"],
  ])("trusts no code block after %s", (_what, text) => {
    expect(shown(text)).not.toMatch(MENTION);
  });

  test("leaves no mention outside of code blocks, and changes nothing else", () => {
    const piece = fc.constantFrom("@a", "@", "@@b", "x@y", " ", "\n", "`", "```", "```js\n", "~~~", "<b>", "- ", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const safe = withoutMentions(text);
        expect(safe.replaceAll("\u200b", "")).toBe(text);
        if (!/^`{3}/m.test(text)) expect(safe).not.toMatch(MENTION);
      }),
    );
  });
});
