import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type GatewayClaims, readGatewayToken } from '@app/common/contracts';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { Admission, type Refusal, REFUSALS } from './admission';
import { ClientConnection, type CloseReason, type ConnectionContext } from './client-connection';
import { EventFeed, type FeedStreams } from './event-feed';
import { allowsOrigin, type GatewaySettings } from './gateway.config';
import { type GatewayMetrics } from './gateway.metrics';
import { Replays, type ReplayStreams } from './replay';
import { questionOf, SUBPROTOCOL, tokenOf, type UpgradeQuestion } from './upgrade-request';

export interface GatewayOptions {
  readonly settings: GatewaySettings;
  readonly tokenSecret: string;
  readonly stream: string;
  readonly streams: FeedStreams & ReplayStreams;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

const MAX_MESSAGE_BYTES = 65_536;
const RECENT_BYTES = 64 * 1024 * 1024;
/** The feed asks at least every two seconds. */
const SILENT_MS = 15_000;
/** Of the budget of a stop: what is left is for the listener, whose sockets these are. */
const DRAINING_PART = 0.5;
const CLOSING_PART = 0.2;

/** The push gateway's WebSockets: lets clients in, and gives each the events of its user. */
export class GatewayService implements Service, HealthContributor {
  readonly name = 'gateway';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly feed: EventFeed;
  private readonly context: ConnectionContext;
  private readonly admission: Admission;
  private readonly server: WebSocketServer;
  private readonly connections = new Set<ClientConnection>();
  private pinging: NodeJS.Timeout | undefined;
  private isDraining = false;
  private onceEmpty: (() => void) | undefined;

  constructor(private readonly options: GatewayOptions) {
    const { settings, stream, streams, metrics, logger } = options;
    this.feed = new EventFeed({
      ...{ stream, streams, logger },
      recent: { maxEvents: settings.NOTIFICATION_GATEWAY_RECENT_EVENTS, maxBytes: RECENT_BYTES },
      onMalformed: () => metrics.events.inc({ result: 'malformed' }),
    });
    this.context = {
      ...{ feed: this.feed, metrics, logger },
      replays: new Replays({ stream, streams, feed: this.feed }),
      queue: {
        backpressureBytes: settings.NOTIFICATION_GATEWAY_BACKPRESSURE_BYTES,
        maxEvents: settings.NOTIFICATION_GATEWAY_QUEUE_EVENTS,
      },
      pingIntervalMs: settings.NOTIFICATION_GATEWAY_PING_INTERVAL,
      readToken: (token) => readGatewayToken(options.tokenSecret, token),
    };
    this.admission = new Admission(settings);
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      // The token is among those that are offered, and an answer would repeat it.
      handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
  }

  async start(): Promise<void> {
    await this.feed.start();
    this.pinging = setInterval(() => {
      for (const connection of this.connections) connection.ping();
    }, this.context.pingIntervalMs);
  }

  /** Takes over the socket of an upgrade, and answers it. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): void => {
    const admitted = this.admit(request, url);
    const { metrics } = this.options;
    if (typeof admitted === 'string') {
      metrics.upgrades.inc({ result: admitted });
      refuse(socket, admitted);
      return;
    }
    this.server.handleUpgrade(request, socket, head, (client) => {
      metrics.upgrades.inc({ result: 'accepted' });
      this.open(client, admitted.claims, admitted.question);
    });
  };

  /** Lets what is queued go out, tells clients to go elsewhere, and ends those that do not go. */
  async stop(budgetMs: number): Promise<void> {
    this.isDraining = true;
    clearInterval(this.pinging);
    const drainMs = Math.min(
      budgetMs * DRAINING_PART,
      this.options.settings.NOTIFICATION_GATEWAY_DRAIN_TIMEOUT,
    );
    await this.feed.stop();
    await within(drainMs, Promise.all([...this.connections].map((connection) => connection.drained())));
    for (const connection of this.connections) connection.goAway();
    await within(budgetMs * CLOSING_PART, this.empty());
    for (const connection of this.connections) connection.terminate();
    await this.empty();
  }

  check(): Promise<HealthReport> {
    const { silentMs } = this.feed;
    return Promise.resolve({
      status: silentMs > SILENT_MS ? 'degraded' : 'up',
      details: { connections: this.connections.size, lastReadMsAgo: silentMs, position: this.feed.position },
    });
  }

  snapshot(): Record<string, unknown> {
    const queued = [...this.connections].reduce((sum, connection) => sum + connection.queued, 0);
    return { connections: this.connections.size, queued, position: this.feed.position };
  }

  private admit(
    request: IncomingMessage,
    url: URL,
  ): Refusal | { readonly claims: GatewayClaims; readonly question: UpgradeQuestion } {
    if (this.isDraining) return 'draining';
    const { settings } = this.options;
    const { origin } = request.headers;
    if (!allowsOrigin(settings.NOTIFICATION_GATEWAY_ALLOWED_ORIGINS, origin)) return 'origin';
    const token = tokenOf(request);
    const claims = token === undefined ? undefined : this.context.readToken(token);
    if (claims === undefined) return 'unauthorized';
    const question = questionOf(url);
    if (question === undefined) return 'malformed';
    return this.admission.refusalOf(claims.userId) ?? { claims, question };
  }

  private open(client: WebSocket, claims: GatewayClaims, question: UpgradeQuestion): void {
    const { metrics } = this.options;
    this.admission.enter(claims.userId);
    const connection = new ClientConnection(client, claims, question, this.context, (reason) => {
      this.onClosed(connection, claims.userId, reason);
    });
    this.connections.add(connection);
    metrics.connections.set(this.connections.size);
    connection.open();
  }

  private onClosed(connection: ClientConnection, userId: string, reason: CloseReason): void {
    const { metrics } = this.options;
    this.connections.delete(connection);
    this.admission.leave(userId);
    metrics.connections.set(this.connections.size);
    metrics.closed.inc({ reason });
    if (this.connections.size === 0) this.onceEmpty?.();
  }

  private empty(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.onceEmpty = resolve));
  }
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};
const RETRY_AFTER_S = 2;

function refuse(socket: Duplex, refusal: Refusal): void {
  const status = REFUSALS[refusal];
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_WORDS[status]}`,
    'connection: close',
    'content-type: text/plain',
    `content-length: ${refusal.length}`,
    ...(status === 401 ? ['www-authenticate: Bearer'] : []),
    ...(status === 429 || status === 503 ? [`retry-after: ${RETRY_AFTER_S}`] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${refusal}`);
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
