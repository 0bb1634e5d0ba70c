export function websocketConformance(_command: readonly string[]): void {}
