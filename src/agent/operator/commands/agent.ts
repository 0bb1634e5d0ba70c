import type { AgentKind, Command } from "../command.ts";

export const agent: Command = {
  name: "agent",
  args: "",
  summary: "who answers here, and how to change that",
  reach: "chat",
  looks: false,
  run({ kinds }) {
    const others = kinds.filter(({ kind }) => kind !== "operator");
    return [
      'The built-in **operator** answers here (`agent.kind = "operator"`). It uses no model, no key and no network: it reads what this gateway has stored, and the same question on the same data gets the same answer.',
      ...section("To let another answer, change `[agent]` in config.toml and start the gateway again:", others),
      "`zeroclaw agent detect` shows what is on this machine.",
    ].join("\n\n");
  },
};

function section(head: string, kinds: readonly AgentKind[]): readonly string[] {
  if (kinds.length === 0) return [];
  const blocks = kinds.map(({ about, lines }) => [`# ${about}`, "[agent]", ...lines].join("\n"));
  return [head, `\`\`\`toml\n${blocks.join("\n\n")}\n\`\`\``];
}
