import type { Command, Option, Positional } from "./command.ts";

const JSON_OUT: Option = { long: "json", about: "Print one JSON document, for programs" };
const SESSION: Option = { long: "session", short: "s", value: "<name>", about: "The conversation to go on with" };
const EVENT_ID: Positional = { name: "id", about: "an event's id, or the beginning of one" };
const DEVICE_ID: Positional = { name: "id", about: "a device's id, or the beginning of one" };
const KEY: Positional = { name: "key", about: "a setting such as gateway.port" };

/** Every command, in the order of the help. Their code is loaded by `run`, so that the table itself costs next to nothing. */
export const COMMANDS: readonly Command[] = [
  {
    path: ["gateway"],
    summary: "Start the gateway",
    doing: "start the gateway",
    details:
      "Accepts webhook events, WebSocket connections and API requests until it is stopped (Ctrl+C or SIGTERM).\n" +
      "The startup lines go to stdout, the log to stderr.",
    positionals: [],
    options: [
      {
        long: "port",
        short: "p",
        value: "<n>",
        about: "Port to listen on; 0 is a random free one (default: gateway.port, 8585)",
      },
      { long: "host", value: "<addr>", about: "Address to bind to (default: gateway.host, 127.0.0.1)" },
      { long: "new-pairing", about: "Clear all paired tokens and make a fresh pairing code" },
    ],
    examples: [
      { line: "zeroclaw gateway", about: "Use the configuration's address (127.0.0.1:8585)" },
      { line: "zeroclaw gateway -p 0", about: "Random available port" },
      {
        line: "zeroclaw gateway --host 0.0.0.0",
        about: "All interfaces: put a firewall or a proxy with TLS before it",
      },
      { line: "zeroclaw gateway --new-pairing", about: "Log every device out and start fresh" },
    ],
    run: async (context) => (await import("./gateway.ts")).gateway(context),
  },
  {
    path: ["gateway", "get-paircode"],
    summary: "Show the running gateway's pairing code, or make a new one",
    doing: "get the pairing code",
    details:
      "A code works once and for 15 minutes. Making a new one logs nobody out and lifts the lockouts of wrong codes.",
    positionals: [],
    options: [
      { long: "new", about: "Make a new code" },
      {
        long: "scope",
        value: "<scope>",
        about: "With --new: what the code's device may do: owner (default), chat or ingest",
      },
      { long: "name", value: "<name>", about: "With --new: the name of the code's device" },
      JSON_OUT,
    ],
    examples: [
      { line: "zeroclaw gateway get-paircode --new", about: "Pair one more device" },
      {
        line: "zeroclaw gateway get-paircode --new --scope ingest --name ci",
        about: "A device that may only post events",
      },
    ],
    run: async (context) => (await import("./get-paircode.ts")).getPaircode(context),
  },
  {
    path: ["status"],
    summary: "Show whether the gateway runs, and how it does",
    doing: "show the status",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./status.ts")).status(context),
  },
  {
    path: ["send"],
    summary: "Send one message to the agent and print its answer",
    doing: "send the message",
    details: 'Without <text>, or with "-", the message is read from stdin. Ctrl+C cancels the run.',
    positionals: [{ name: "text", about: "the message", optional: true, many: true }],
    options: [SESSION, { long: "stream", about: "Print the answer while it is written" }, JSON_OUT],
    examples: [
      { line: 'zeroclaw send "What came in last night?"', about: "Ask" },
      { line: "zeroclaw send --stream < question.txt", about: "Ask what a file says" },
    ],
    run: async (context) => (await import("./send.ts")).send(context),
  },
  {
    path: ["chat"],
    summary: "Talk to the agent in the terminal",
    doing: "chat",
    details:
      "Ctrl+C cancels the answer under way; Ctrl+C again, or Ctrl+D, leaves. What is typed meanwhile is sent after the answer;\n" +
      ":now <text> stops the answer and goes first, :help shows more. From a pipe, each line is one message.",
    positionals: [],
    options: [SESSION, { long: "thoughts", about: "Show what the agent thinks, too" }],
    examples: [{ line: "zeroclaw chat --session planning", about: "Go on with a conversation" }],
    run: async (context) => (await import("./chat.ts")).chat(context),
  },
  {
    path: ["agent", "detect"],
    summary: "Show which agents and models this machine has, and how to use each",
    doing: "look for agents",
    details:
      "Asks five ports of this machine for a model server (0.3 s at most), looks for agents in PATH and for the names of keys\n" +
      "in the environment. Nothing is started, changed or sent elsewhere. No gateway need run.",
    positionals: [],
    options: [JSON_OUT],
    examples: [{ line: "zeroclaw agent detect", about: "What is here, and the lines that enable it" }],
    run: async (context) => (await import("./agent-detect.ts")).detectAgents(context),
  },
  {
    path: ["agent", "status"],
    summary: "Show who answers in the running gateway, and whether the last answer failed",
    doing: "show the agent",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./agent-status.ts")).agentStatus(context),
  },
  {
    path: ["agent", "doctor"],
    summary: "Check whether the configured agent can answer, and what to do if not",
    doing: "check the agent",
    details:
      "A model's server is asked for its list of models, with the key; an ACP program is started, greeted and ended. Nothing\n" +
      "is changed and no model is asked. Exit code 1 when a check fails. No gateway need run.",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./agent-doctor.ts")).examineAgent(context),
  },
  {
    path: ["events", "list"],
    summary: "List what the gateway has received, newest first",
    doing: "list the events",
    positionals: [],
    options: [
      { long: "source", value: "<name>", about: "Only from this source, e.g. github" },
      { long: "state", value: "<state>", about: "Only in this state: received, running, retrying, done or dead" },
      { long: "since", value: "<time>", about: "Only later than this: 24h, 7d, or 2026-11-22T14:05:00Z" },
      { long: "query", short: "q", value: "<words>", about: "Only with these words in their text" },
      { long: "id", value: "<id>", about: "Only those whose id begins so" },
      { long: "limit", short: "n", value: "<n>", about: "At most so many (default: 20)" },
      JSON_OUT,
    ],
    examples: [{ line: "zeroclaw events list --state dead --since 24h", about: "What failed since yesterday" }],
    run: async (context) => (await import("./events.ts")).listEvents(context),
  },
  {
    path: ["events", "show"],
    summary: "Show one event: headers, body, attempts, answer and where it went",
    doing: "show the event",
    positionals: [EVENT_ID],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./events.ts")).showEvent(context),
  },
  {
    path: ["events", "replay"],
    summary: "Take events up again as if they had just come",
    doing: "replay events",
    details: "For events that have ended, or that wait for their next attempt. The settings of today apply.",
    positionals: [{ ...EVENT_ID, optional: true, many: true }],
    options: [
      { long: "failed", about: "All that are dead, instead of those named" },
      { long: "source", value: "<name>", about: "With --failed: only from this source" },
      { long: "since", value: "<time>", about: "With --failed: only received later than this: 24h, or a time" },
    ],
    examples: [
      { line: "zeroclaw events replay 0198f3a2", about: "One event, by the start of its id" },
      { line: "zeroclaw events replay --failed --since 24h", about: "What failed since yesterday" },
    ],
    run: async (context) => (await import("./events-replay.ts")).replayEvents(context),
  },
  {
    path: ["events", "purge"],
    summary: "Delete what is stored of old events",
    doing: "purge events",
    details:
      "Headers, bodies and search text go; of events older than 7 days everything goes. Until then the row stays, because a\n" +
      "repeated delivery is known by it. Events that are not done or dead stay as they are. On a terminal it asks first.",
    positionals: [],
    options: [
      { long: "older-than", value: "<age>", about: "Those that ended longer ago than this (default: 30d)" },
      { long: "source", value: "<name>", about: "Only from this source" },
      { long: "state", value: "<state>", about: "Only dead or only done ones" },
      { long: "yes", short: "y", about: "Do not ask" },
    ],
    examples: [
      { line: "zeroclaw events purge --older-than 7d --source github", about: "What GitHub sent, but the last week" },
    ],
    run: async (context) => (await import("./events-purge.ts")).purgeEvents(context),
  },
  {
    path: ["events", "tail"],
    summary: "Follow events as they come in and are worked on",
    doing: "follow the events",
    positionals: [],
    options: [{ long: "json", about: "Print one JSON document a line, for programs" }],
    examples: [],
    run: async (context) => (await import("./events-tail.ts")).tailEvents(context),
  },
  {
    path: ["webhook", "test"],
    summary: "Send a signed test delivery to a source of this gateway",
    doing: "test the source",
    details:
      "The delivery is made and signed as its provider would, with the configured secret, and goes through the source's own\n" +
      "address. It is stored and worked on like any other. Exit code 1 when the gateway refuses it.",
    positionals: [
      { name: "source", about: "github, whatsapp, or the name of a table [channels.<name>]", optional: true },
    ],
    options: [
      { long: "event", value: "<name>", about: "Which example to send (default: the source's first)" },
      { long: "list", about: "List the sources and their examples instead" },
      JSON_OUT,
    ],
    examples: [
      {
        line: "zeroclaw webhook test github --event issues.opened",
        about: "Is GitHub set up, and what would the agent do?",
      },
      { line: "zeroclaw webhook test --list", about: "What can be tested" },
    ],
    run: async (context) => (await import("./webhook-test.ts")).testWebhook(context),
  },
  {
    path: ["webhook", "trace"],
    summary: "Show which deliveries were refused and why, and how to have them again",
    doing: "trace the delivery",
    details:
      "The request's id is in every answer as X-Request-Id and request_id, and in the provider's list of deliveries.",
    positionals: [{ name: "request-id", about: "a request's id, or the beginning of one", optional: true }],
    options: [
      { long: "source", value: "<name>", about: "Only from this source" },
      { long: "since", value: "<time>", about: "Only later than this: 24h, 7d, or 2026-11-22T14:05:00Z" },
      { long: "limit", short: "n", value: "<n>", about: "At most so many (default: 20)" },
      JSON_OUT,
    ],
    examples: [{ line: "zeroclaw webhook trace --source github", about: "What GitHub sent and the gateway refused" }],
    run: async (context) => (await import("./webhook-trace.ts")).traceWebhook(context),
  },
  {
    path: ["devices", "list"],
    summary: "List the paired devices",
    doing: "list the devices",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./devices.ts")).listDevices(context),
  },
  {
    path: ["devices", "revoke"],
    summary: "End a device's token; its connections close at once",
    doing: "revoke the device",
    positionals: [DEVICE_ID],
    options: [],
    examples: [],
    run: async (context) => (await import("./devices.ts")).revokeDevice(context),
  },
  {
    path: ["devices", "rename"],
    summary: "Give a device another name",
    doing: "rename the device",
    positionals: [DEVICE_ID, { name: "name", about: "its new name, at most 64 characters" }],
    options: [],
    examples: [{ line: 'zeroclaw devices rename 0198f3a2 "My phone"', about: "Name a device by the start of its id" }],
    run: async (context) => (await import("./devices.ts")).renameDevice(context),
  },
  {
    path: ["config", "get"],
    summary: "Print a setting that is in effect",
    doing: "get the setting",
    details:
      "Words and numbers are printed bare, lists and tables as JSON. Secrets are not shown. No gateway need run.",
    positionals: [KEY],
    options: [JSON_OUT],
    examples: [
      { line: "zeroclaw config get gateway.host", about: "Check the current binding" },
      { line: "zeroclaw config get gateway.paired_tokens", about: "Monitor paired tokens (hashes)" },
    ],
    run: async (context) => (await import("./config.ts")).getSetting(context),
  },
  {
    path: ["config", "set"],
    summary: "Change a setting in config.toml",
    doing: "change the setting",
    details:
      'Only that value changes; comments and order stay. A value of "-" is read from stdin, out of the shell\'s history.',
    positionals: [KEY, { name: "value", about: "its new value; lists as JSON or with commas" }],
    options: [],
    examples: [
      { line: "zeroclaw config set gateway.port 9090", about: "Another port from the next start on" },
      {
        line: "zeroclaw config set channels.github.secret env:GITHUB_SECRET",
        about: "A secret that stays in the environment",
      },
    ],
    run: async (context) => (await import("./config-edit.ts")).setSetting(context),
  },
  {
    path: ["config", "unset"],
    summary: "Remove a setting from config.toml, so that its default applies",
    doing: "unset the setting",
    positionals: [KEY],
    options: [],
    examples: [],
    run: async (context) => (await import("./config-edit.ts")).unsetSetting(context),
  },
  {
    path: ["config", "list"],
    summary: "List all settings, their values and where those come from",
    doing: "list the settings",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./config.ts")).listSettings(context),
  },
  {
    path: ["config", "path"],
    summary: "Print where config.toml is",
    doing: "find the configuration",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./config.ts")).printPath(context),
  },
  {
    path: ["config", "check"],
    summary: "Check config.toml and the environment without starting anything",
    doing: "check the configuration",
    positionals: [],
    options: [JSON_OUT],
    examples: [],
    run: async (context) => (await import("./config.ts")).checkConfig(context),
  },
];
