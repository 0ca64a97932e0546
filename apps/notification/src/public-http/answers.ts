import { type IncomingMessage, type ServerResponse } from 'node:http';

const ALWAYS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...ALWAYS, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** A page that loads nothing and cannot be framed; its text must be escaped already. */
export function answerHtml(response: ServerResponse, status: number, html: string): void {
  response
    .writeHead(status, {
      ...ALWAYS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    })
    .end(html);
}

/** The body as text, or undefined where it is longer than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  const body: AsyncIterable<Buffer> = request;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
