const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * JSON spread over lines. Letters and figures stay as they are: a number too large for JavaScript is shown as
 * the server wrote it. What is no JSON comes back unchanged.
 */
export function pretty(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let before = "";
  return (text.match(TOKENS) ?? []).reduce((shown, token) => {
    const opened = before === "{" || before === "[";
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    const gap = closes ? !opened : opened || before === ",";
    if (token === "{" || token === "[") depth += 1;
    const indent = gap ? `\n${"  ".repeat(token === "{" || token === "[" ? depth - 1 : depth)}` : "";
    before = token;
    return `${shown}${indent}${token}${token === ":" ? " " : ""}`;
  }, "");
}
