import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A site of its own that serves one empty page: a place from which scripts call the API across origins. */
export async function otherSite(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end('<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Another site</title></html>');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
