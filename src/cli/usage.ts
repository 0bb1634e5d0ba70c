import type { Command, Example, Option } from "./command.ts";

type Styler = (style: "bold" | "dim", text: string) => string;

const EVERYWHERE: readonly Option[] = [
  { long: "help", short: "h", about: "Show this help" },
  { long: "version", short: "V", about: "Show the version" },
];

const ABOUT = "zeroclaw gateway: lets the outside world talk to your AI agent";

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["ZEROCLAW_CONFIG_DIR", "The folder of config.toml and of the gateway's state (default: ~/.zeroclaw)"],
  ["ZEROCLAW_<TABLE>__<KEY>", "A setting, e.g. ZEROCLAW_GATEWAY__PORT=9090; stronger than the file"],
  ["ZEROCLAW_LOG", "debug, info (default), warn or error: what the gateway logs to stderr"],
  ["ZEROCLAW_DEBUG", "1 adds the stack to error messages"],
  ["NO_COLOR", "Anything turns colours off"],
];

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "Success (gateway stopped gracefully)"],
  ["1", "Startup error (port in use, permission denied), or a command that failed"],
  ["2", "Configuration or usage error"],
  ["130", "Interrupted (Ctrl+C)"],
];

/** The help of a command, of a group of commands, or (no words) of the program. */
export function helpFor(words: readonly string[], commands: readonly Command[], style: Styler): string {
  const command = commands.find(({ path }) => path.join(" ") === words.join(" "));
  const members = commands.filter(
    ({ path }) => path.length > words.length && words.every((word, i) => path[i] === word),
  );
  const sections = command ? commandSections(command, members, style) : groupSections(words, members, style);
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function groupSections(words: readonly string[], members: readonly Command[], style: Styler): string[] {
  const top = words.length === 0;
  return [
    top ? ABOUT : "",
    `${style("bold", "Usage:")} ${["zeroclaw", ...words, "<command>"].join(" ")} [options]`,
    section("Commands", commandRows(members), style),
    section("Options", EVERYWHERE.map(optionRow), style),
    top ? section("Environment", ENVIRONMENT, style) : "",
    top ? section("Exit codes", EXIT_CODES, style) : "",
    `For one command: ${["zeroclaw", "help", ...words, "<command>"].join(" ")}`,
  ];
}

function commandSections(command: Command, members: readonly Command[], style: Styler): string[] {
  const names = command.positionals.map(({ name, optional, many }) => {
    const shown = `<${name}>${many ? "…" : ""}`;
    return optional ? `[${shown}]` : shown;
  });
  const usage = ["zeroclaw", ...command.path, ...names, "[options]"].join(" ");
  return [
    command.details === undefined ? command.summary : `${command.summary}\n\n${command.details}`,
    `${style("bold", "Usage:")} ${usage}`,
    section(
      "Arguments",
      command.positionals.map(({ name, about }) => [`<${name}>`, about] as const),
      style,
    ),
    section("Options", [...command.options, ...EVERYWHERE].map(optionRow), style),
    section("Commands", commandRows(members), style),
    examples(command.examples, style),
  ];
}

function commandRows(commands: readonly Command[]): (readonly [string, string])[] {
  return commands.map(({ path, summary }) => [path.join(" "), summary] as const);
}

function optionRow({ long, short, value, about }: Option): readonly [string, string] {
  const name = `${short === undefined ? "    " : `-${short}, `}--${long}`;
  return [value === undefined ? name : `${name} ${value}`, about];
}

function section(title: string, rows: readonly (readonly [string, string])[], style: Styler): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([name]) => name.length));
  return [style("bold", `${title}:`), ...rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`)].join("\n");
}

function examples(all: readonly Example[], style: Styler): string {
  if (all.length === 0) return "";
  const shown = all.flatMap(({ line, about }) => [`  ${style("dim", `# ${about}`)}`, `  ${line}`]);
  return [style("bold", "Examples:"), ...shown].join("\n");
}
