import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { z } from 'zod';
import { signal } from '@app/common/testing';

/** One browser: the keys that it gave with its subscription. */
export class TestBrowser {
  readonly auth = randomBytes(16);
  private readonly ecdh: ECDH = createECDH('prime256v1');
  readonly publicKey = this.ecdh.generateKeys();

  constructor(readonly name: string) {}

  subscription(origin: string) {
    return {
      endpoint: `${origin}/push/${this.name}`,
      keys: { p256dh: this.publicKey.toString('base64url'), auth: this.auth.toString('base64url') },
    };
  }

  /** RFC 8188 and 8291: what the service worker gets. */
  decrypt(body: Buffer): string {
    const [salt, senderKey] = [body.subarray(0, 16), body.subarray(21, 86)];
    const hkdf = (secret: Buffer, salted: Buffer, info: Buffer, length: number) =>
      Buffer.from(hkdfSync('sha256', secret, salted, info, length));
    const shared = this.ecdh.computeSecret(senderKey);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.publicKey, senderKey]);
    const secret = hkdf(shared, this.auth, info, 32);
    const key = hkdf(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = hkdf(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    const sealed = body.subarray(86);
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return plain.subarray(0, plain.lastIndexOf(2)).toString('utf8');
  }
}

const claimsSchema = z.object({ aud: z.string(), sub: z.string(), exp: z.number() });

/** @throws where the request does not carry a VAPID token (RFC 8292) of this key for this origin. */
function checkVapid(authorization: string, publicKey: string, origin: string): void {
  const [, token = '', key] = /^vapid t=([^,]+), *k=(\S+)$/.exec(authorization) ?? [];
  const [head = '', body = '', signature = ''] = token.split('.');
  const point = Buffer.from(publicKey, 'base64url');
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  const jwk = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: jwk, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const claims = claimsSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  if (!isSigned || key !== publicKey || claims.aud !== origin || claims.exp * 1000 < Date.now()) {
    throw new Error('no VAPID token of ours');
  }
}

export interface PushRequest {
  readonly browser: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A push service in this process: checks who asks, and answers as it is told to. */
export class TestPushService {
  readonly requests: PushRequest[] = [];
  readonly arrived = signal<PushRequest>('a push message');
  /** Of each browser by its name; 201 where nothing is said. */
  readonly answers = new Map<string, Answer>();
  private readonly server: Server;
  origin = '';

  constructor(private readonly vapidPublicKey: string) {
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, headers }) => response.writeHead(status, headers).end());
    });
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    this.origin = `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    try {
      checkVapid(request.headers.authorization ?? '', this.vapidPublicKey, this.origin);
    } catch {
      return { status: 403 };
    }
    const browser = request.url?.split('/').at(-1) ?? '';
    const seen = { browser, headers: request.headers, body: Buffer.concat(chunks) };
    this.requests.push(seen);
    this.arrived.emit(seen);
    return this.answers.get(browser) ?? { status: 201 };
  }
}
