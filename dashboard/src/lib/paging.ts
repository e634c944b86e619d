/**
 * The query of the next page out of a `Link` header (RFC 8288), or null on the last page. The server
 * makes the query and we hand it back as it is: what a cursor means is the server's affair.
 */
export function nextQuery(link: string | null): Record<string, string> | null {
  for (const [, target = "", parameters = ""] of (link ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)/i.test(parameters)) continue;
    const start = target.indexOf("?");
    return Object.fromEntries(new URLSearchParams(start < 0 ? "" : target.slice(start)));
  }
  return null;
}
