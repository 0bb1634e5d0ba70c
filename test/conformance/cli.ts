export function cliConformance(_command: readonly string[]): void {}
