// `import text from "./x.sql" with { type: "text" }`: the file's text, which Bun also puts inside a compiled executable.
// Bun gives a text import as the default export, so this is the one place where the house has one.
declare module "*.sql" {
  const text: string;
  export default text;
}
