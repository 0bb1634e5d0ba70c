/** The gateway cannot start: exit code 1. The message says what was being done, what was found and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}
