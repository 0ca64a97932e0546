import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { type ListenAddress } from '@app/common/config';
import { type Lifecycle, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { answerText } from './answers';

/** Answers a request whose path is the route's; a rejection becomes status 500 without a word of it to the client. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | void;
/** Takes over the socket of an upgrade; it is the handler's to answer and to end, also when the app stops. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer, url: URL) => void;

const HEADERS_TIMEOUT_MS = 2000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
/** Of the budget of a stop: the rest is for ending what did not end by itself. */
const PATIENT_PART = 0.8;

/**
 * The one listener that people's clients reach. Features register what they offer while the app is built; it opens with
 * the work, and only where somebody registered. Outside of `running` it answers 503, so that nothing is taken in that
 * nobody will finish.
 */
export class PublicHttpService implements Service {
  readonly name = 'public-http';
  readonly stage = 'work';
  private readonly requests = new Map<string, RequestHandler>();
  private readonly upgrades = new Map<string, UpgradeHandler>();
  private readonly upgraded = new Set<Duplex>();
  private server: Server | undefined;

  constructor(
    private readonly address: ListenAddress,
    private readonly lifecycle: Pick<Lifecycle, 'state'>,
    private readonly logger: Logger,
  ) {}

  /** @throws Error where the path is taken already. */
  onRequest(path: string, handler: RequestHandler): void {
    addRoute(this.requests, path, handler);
  }

  /** @throws Error where the path is taken already. */
  onUpgrade(path: string, handler: UpgradeHandler): void {
    addRoute(this.upgrades, path, handler);
  }

  /** The port in use, once started; undefined where nobody registered anything. */
  get port(): number | undefined {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  async start(): Promise<void> {
    if (this.requests.size + this.upgrades.size === 0) return;
    const server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
      },
      (request, response) => void this.answer(request, response),
    );
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    this.server = server;
    server.listen(this.address.port, this.address.host);
    await once(server, 'listening');
    this.logger.info({ event: 'public_http_listening', port: this.port });
  }

  async stop(budgetMs: number): Promise<void> {
    const { server } = this;
    if (server === undefined || !server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const impatience = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of this.upgraded) socket.destroy();
    }, budgetMs * PATIENT_PART);
    await closed;
    clearTimeout(impatience);
  }

  snapshot(): Record<string, unknown> {
    return { port: this.port, upgraded: this.upgraded.size };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    const handler = url && this.requests.get(url.pathname);
    if (this.lifecycle.state !== 'running') {
      response.setHeader('connection', 'close').setHeader('retry-after', '1');
      return answerText(response, 503, 'not ready');
    }
    if (url === undefined || handler === undefined) return answerText(response, 404, 'not found');
    try {
      await handler(request, response, url);
    } catch (error) {
      this.logger.error({ event: 'public_request_failed', path: url.pathname, err: error });
      if (response.headersSent) response.destroy();
      else answerText(response, 500, 'internal error');
    }
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Without a listener an error of the socket, such as a reset, would end the process.
    socket.on('error', () => socket.destroy());
    const url = urlOf(request);
    const handler = url && this.upgrades.get(url.pathname);
    if (url === undefined || handler === undefined || this.lifecycle.state !== 'running') {
      const status = this.lifecycle.state === 'running' ? '404 Not Found' : '503 Service Unavailable';
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
    handler(request, socket, head, url);
  }
}

function addRoute<Handler>(routes: Map<string, Handler>, path: string, handler: Handler): void {
  if (routes.has(path)) throw new Error(`the path ${path} of the public listener is taken`);
  routes.set(path, handler);
}

/** The host does not matter here, and what a client says of it may be anything. */
function urlOf(request: IncomingMessage): URL | undefined {
  const target = `http://host${request.url ?? '/'}`;
  return URL.canParse(target) ? new URL(target) : undefined;
}
