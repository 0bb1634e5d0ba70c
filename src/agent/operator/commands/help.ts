import type { Command } from "../command.ts";
import { inline } from "../untrusted.ts";

/** `/help` needs the table it stands in, so it is made of it. */
export function makeHelp(table: () => readonly Command[]): Command {
  return {
    name: "help",
    args: "[command]",
    summary: "this list",
    reach: "chat",
    looks: false,
    run({ asker, args }) {
      const usable = table().filter(({ reach }) => asker.reach === "owner" || reach === "chat");
      const wanted = args.replace(/^\//, "").toLowerCase();
      const one = usable.filter(({ name }) => name === wanted);
      const shown = one.length === 0 ? usable : one;
      const lines = shown.map((command) => `- \`${usage(command)}\`: ${command.summary}`);
      if (one.length > 0) return lines.join("\n");
      const head = wanted === "" ? "I look things up in this gateway." : `There is no command “${inline(wanted, 40)}”.`;
      return `${head} You can write:\n\n${lines.join("\n")}\n\nAnything else is searched for.`;
    },
  };
}

/** `/remind <when> <text>`. */
export function usage({ name, args }: Pick<Command, "name" | "args">): string {
  return args === "" ? `/${name}` : `/${name} ${args}`;
}
