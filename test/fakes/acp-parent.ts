/** A gateway's worth of an ACP agent, to be killed: says the pids of the agent and of its child, then waits. */

import { join } from "node:path";
import { openAcpAgent } from "../../src/agent/acp/acp-agent.ts";
import { guardGroup } from "../../src/agent/acp/orphans.ts";
import { systemAcp } from "../../src/agent/acp/system.ts";
import type { AgentParts } from "../../src/agent/agent-parts.ts";
import type { AgentConfig } from "../../src/agent/agents.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { Log } from "../../src/observe/log.ts";
import { turnOf } from "../agent/acp/acp-bench.ts";

const [dir = "", graceMs = "", text = "family"] = process.argv.slice(2);
const parts: Partial<AgentParts> = {
  clock: systemClock,
  random: systemRandom,
  log: new Log({ clock: systemClock, write: (line) => process.stderr.write(line), format: "human", level: "error" }),
  env: process.env,
  dir,
  grant: () => null,
};
const command = [process.execPath, join(import.meta.dir, "acp-agent.ts"), '{"stubborn":true}'];
const config: Partial<AgentConfig> = { kind: "acp", command, env: [], context_tokens: 1_024 };
// as: the settings and parts of other agents are missing.
const agent = openAcpAgent(config as AgentConfig, parts as AgentParts, {
  ...systemAcp,
  guard: (pid, folder, log) => guardGroup(pid, folder, log, Number(graceMs)),
});
for await (const event of agent.run(turnOf(text), new AbortController().signal)) {
  if (event.type === "delta") process.stdout.write(`${event.content}\n`);
}
setInterval(() => {}, 60_000);
