import { configDir } from "../config/paths.ts";
import { AnswerPrinter } from "./answer-printer.ts";
import { LEFT, type Outcome, Question, SILENT, sessionOf } from "./ask.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { readText } from "./input.ts";
import { Interrupts } from "./interrupts.ts";
import { LocalClient } from "./local-client.ts";
import { printable } from "./printable.ts";

const DOING = "send the message";
/** The gateway's limit for a request's body. */
const MAX_BYTES = 65_536;

/** `zeroclaw send <text>`: one message, its answer on stdout. Ctrl+C cancels the run. */
export async function send(context: Context): Promise<number> {
  const { args, terminal, clock, env, events } = context;
  const message = { session: sessionOf(args), text: await textOf(context) };
  const question = new Question(new LocalClient(configDir(env), clock), clock, message, DOING);
  const printer = args.flag("stream") && !args.flag("json") ? new AnswerPrinter(terminal) : null;
  const interrupts = new Interrupts(events, ["SIGINT"]);
  try {
    const answered = question.answer(printer ?? SILENT);
    const first = await Promise.race([answered, interrupts.first]);
    if (typeof first !== "string") return show(context, first, printer);
    printer?.breakLine();
    const cancelled = question.cancel().then(
      () => answered,
      () => answered, // the gateway has gone; the outcome says what became of the run
    );
    const second = interrupts.second.then(() => null);
    const outcome = await Promise.race([cancelled, second]);
    if (outcome) terminal.note(outcome.kind === "left" ? LEFT : "Cancelled.");
    return EXIT.interrupted;
  } finally {
    interrupts.close();
  }
}

async function textOf({ args, input }: Context): Promise<string> {
  const words = args.positionals;
  const fromInput = words.length === 0 ? !(await input.isTerminal()) : words.length === 1 && words[0] === "-";
  const text = fromInput ? await readText(input, MAX_BYTES) : words.join(" ");
  if (text === null) throw args.wrongUse(`stdin holds more than the ${MAX_BYTES} bytes that one message may have.`);
  if (text.trim() !== "") return fromInput ? text.replace(/\r?\n$/, "") : text;
  throw args.wrongUse(fromInput ? "stdin was empty." : 'there is no message. Give it as <text>, or "-" for stdin.');
}

function show({ args, terminal }: Context, outcome: Outcome, printer: AnswerPrinter | null): number {
  switch (outcome.kind) {
    case "answered": {
      const { content, frame } = outcome;
      if (args.flag("json")) {
        const { type: _type, seq: _seq, content: _content, ...rest } = frame;
        terminal.json({ response: content, ...rest });
      } else if (printer) printer.end(content);
      else terminal.print(printable(content).replace(/\n$/, ""));
      return EXIT.ok;
    }
    case "cancelled":
    case "left":
      printer?.breakLine();
      throw new CommandError("The run was cancelled by somebody else.");
    case "failed":
      printer?.breakLine();
      throw new CommandError(`The agent could not answer: ${outcome.detail}`);
  }
}
