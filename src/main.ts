import { fdOutput, isTerminal } from "./cli/fd-output.ts";
import { stderrLines } from "./cli/line-writer.ts";
import { processEvents } from "./cli/process-events.ts";
import { runProgram } from "./cli/program.ts";
import { Terminal } from "./cli/terminal.ts";
import { systemClock } from "./lib/clock.ts";

// A promise alone does not keep the process alive: without this, a command that waits only for timers that do not
// either would end silently, with exit code 0.
setInterval(() => {}, 2 ** 30);

const env = process.env;
const code = await runProgram(process.argv.slice(2), {
  terminal: new Terminal(await fdOutput(1), await fdOutput(2), env),
  logSink: stderrLines(),
  env,
  clock: systemClock,
  input: { isTerminal: () => isTerminal(0), stream: () => Bun.stdin.stream() },
  events: processEvents,
});
process.exit(code);
