/** What every comment of ours begins its hidden mark with; a comment that holds it is never given to the agent. */
export const MARKER_START = "<!-- zeroclaw:";

/** The hidden mark of the comment that answers an event: HTML comments are not shown on GitHub, but stay in a comment's text. */
export function marker(event_id: string): string {
  return `${MARKER_START}${event_id} -->`;
}

/** Whether the gateway wrote this text, or somebody who wants it to be taken for the gateway's. */
export function isMarked(text: string): boolean {
  return text.includes(MARKER_START);
}
