/** An agent that can be put behind the gateway by the Agent Client Protocol. */
export interface AcpProgram {
  readonly title: string;
  /** Program and arguments; older names of the same after it. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** How to get it: a command, or the site that says how. */
  readonly install: string;
}

/** In the order in which they are shown. Programs, packages and arguments as their makers document them. */
export const ACP_PROGRAMS: readonly AcpProgram[] = [
  { title: "OpenCode", commands: [["opencode", "acp"]], install: "npm install -g opencode-ai" },
  {
    title: "Claude Code",
    commands: [["claude-agent-acp"], ["claude-code-acp"]],
    install: "npm install -g @agentclientprotocol/claude-agent-acp",
  },
  { title: "Codex", commands: [["codex-acp"]], install: "npm install -g @agentclientprotocol/codex-acp" },
  { title: "Gemini CLI", commands: [["gemini", "--acp"]], install: "npm install -g @google/gemini-cli" },
  { title: "goose", commands: [["goose", "acp"]], install: "https://block.github.io/goose" },
  { title: "Qwen Code", commands: [["qwen", "--acp"]], install: "npm install -g @qwen-code/qwen-code" },
  { title: "GitHub Copilot", commands: [["copilot", "--acp", "--stdio"]], install: "npm install -g @github/copilot" },
  { title: "Cursor", commands: [["cursor-agent", "acp"]], install: "https://cursor.com/cli" },
  { title: "Kimi", commands: [["kimi", "--acp"]], install: "https://github.com/MoonshotAI/kimi-cli" },
  {
    title: "ZeroClaw (Rust)",
    commands: [["zeroclaw", "acp"]],
    install: "https://github.com/zeroclaw-labs/zeroclaw",
  },
];
