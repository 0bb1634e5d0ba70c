import type { Json } from "../lib/json.ts";
import { splitKey } from "./keys.ts";

/** The channel that stands for all that have no kind of their own, in the first file and in the reference. */
export const EXAMPLE_CHANNEL = "shop";

/** What a setting without a default may look like, by dotted key, or by name for those that every channel has. */
const EXAMPLES: Readonly<Record<string, Json>> = {
  "agent.provider": "ollama",
  "agent.base_url": "http://127.0.0.1:11434/v1",
  "agent.model": "llama3.3",
  "agent.api_key": "env:MODEL_API_KEY",
  "agent.system_prompt": "You answer briefly.",
  "agent.max_output_tokens": 4_096,
  "agent.command": ["opencode", "acp"],
  "agent.cwd": "/srv/agent",
  "channels.whatsapp.verify_token": "env:WHATSAPP_VERIFY_TOKEN",
  "channels.whatsapp.app_secret": "env:WHATSAPP_APP_SECRET",
  "channels.whatsapp.access_token": "env:WHATSAPP_ACCESS_TOKEN",
  "channels.whatsapp.phone_number_id": "106540352242922",
  "channels.github.secret": "env:GITHUB_WEBHOOK_SECRET",
  "channels.whatsapp.app_secrets": ["env:WHATSAPP_APP_SECRET_OLD", "env:WHATSAPP_APP_SECRET_NEW"],
  "channels.github.secrets": ["env:GITHUB_SECRET_OLD", "env:GITHUB_SECRET_NEW"],
  "channels.github.access_token": "file:/run/secrets/github_token",
  "channels.shop.scheme": "hmac",
  "channels.shop.secret": "env:SHOP_SECRET",
  "channels.shop.secrets": ["env:SHOP_SECRET_OLD", "env:SHOP_SECRET_NEW"],
  "channels.shop.prompt": "Say in one line what was ordered: {{ order.items | json }}",
  "channels.shop.prompts": { refund: "Is {{ amount }} much for a refund?" },
  "channels.shop.username": "shop",
  "channels.shop.header": "X-Shop-Signature",
  "channels.shop.algorithm": "sha256",
  "channels.shop.encoding": "hex",
  "channels.shop.prefix": "sha256=",
  "channels.shop.signed": "{timestamp}.{body}",
  "channels.shop.timestamp_header": "X-Shop-Timestamp",
  "channels.shop.tolerance_seconds": 300,
  "channels.shop.id_header": "X-Shop-Delivery",
  "channels.shop.id_field": "data.id",
  "channels.shop.type_header": "X-Shop-Event",
  "channels.shop.type_field": "event",
  "channels.shop.reply_url": "https://shop.example.com/answers",
  "channels.shop.reply_secret": "env:SHOP_REPLY_SECRET",
  "channels.github.prompts": {
    "issues.opened": "Is this a bug? {{ issue.title }}",
  },
  max_body: 1_048_576,
  rate_limit: 600,
  expect_every: "24h",
  prompt: "{{ @summary }}",
  prompts: { message: "{{ @body }}" },
};

/** A value that could stand in the file for a setting that has no default. */
export function exampleOf(key: string): Json | undefined {
  return EXAMPLES[key] ?? EXAMPLES[splitKey(key).name];
}
