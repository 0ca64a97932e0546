import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { type RawData, WebSocket, type ClientOptions } from 'ws';
import { createServer, type Server } from 'node:http';
import pino from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { readSettings } from '@app/common/config';
import { issueGatewayToken } from '@app/common/contracts';
import { Metrics } from '@app/common/observability';
import { type Fields, RedisStreams, type Streams } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { textOf } from './client-messages';
import { gatewaySettings } from './gateway.config';
import { gatewayMetrics } from './gateway.metrics';
import { GatewayService } from './gateway.service';
import { SUBPROTOCOL } from './upgrade-request';

export const SECRET = 'a secret of specs that is long enough';

export const tokenFor = (userId: string, ttlMs = 3_600_000): string =>
  issueGatewayToken(SECRET, { userId, tenantId: 'default', ttlMs });

export interface EventDraft {
  readonly eventId: string;
  readonly userId?: string;
  readonly kind?: string;
  readonly payload?: object;
  readonly deviceSessionId?: string;
  readonly expiresAtMs?: number;
}

/** An entry of gateway:client-events as the publishers write it. */
export function eventFields({
  eventId,
  userId = 'anna',
  kind = 'vehicle.sos',
  payload = {},
  ...rest
}: EventDraft): Fields {
  return {
    ...{ v: '1', event_id: eventId, user_id: userId, kind, payload_json: JSON.stringify(payload) },
    ...{ request_id: 'r', trace_id: 't', occurred_at_ms: '1700000000000' },
    ...(rest.deviceSessionId === undefined ? {} : { device_session_id: rest.deviceSessionId }),
    ...(rest.expiresAtMs === undefined ? {} : { expires_at_ms: String(rest.expiresAtMs) }),
  };
}

export const streamsOn = (url: string): RedisStreams =>
  new RedisStreams({ url, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 10_000 });

export interface Gateway {
  readonly service: GatewayService;
  readonly registry: Registry;
  readonly server: Server;
  readonly url: string;
  stop(budgetMs?: number): Promise<void>;
}

/** One instance on a port of its own. */
export async function startGateway(
  streams: Streams,
  stream: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const registry = new Registry();
  const service = new GatewayService({
    settings: readSettings(gatewaySettings, settings),
    tokenSecret: SECRET,
    ...{ stream, streams },
    metrics: gatewayMetrics(new Metrics(registry)),
    logger: pino({ level: 'silent' }),
  });
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    service.upgrade(request, socket, head, new URL(`http://host${request.url ?? ''}`));
  });
  server.listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), service.start()]);
  const { port } = server.address() as AddressInfo;
  return {
    ...{ service, registry, server, url: `ws://127.0.0.1:${port}/ws` },
    stop: async (budgetMs = 5000) => {
      await service.stop(budgetMs);
      server.close();
      await once(server, 'close');
    },
  };
}

const messageSchema = z.looseObject({
  type: z.string(),
  cursor: z.string().optional(),
  event_id: z.string().optional(),
  coalesced: z.number().optional(),
});
export type Message = z.infer<typeof messageSchema>;

/** A client that remembers what it was told. */
export class TestClient {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  closeCode: number | undefined;

  constructor(
    url: string,
    token: string | undefined,
    { since, ...options }: ClientOptions & { since?: string } = {},
  ) {
    const query = since === undefined ? '' : `${url.includes('?') ? '&' : '?'}since=${since}`;
    this.socket = new WebSocket(url + query, [SUBPROTOCOL], {
      ...options,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
    });
    this.socket.on('message', (data: RawData) =>
      this.messages.push(messageSchema.parse(JSON.parse(textOf(data)))),
    );
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined);
  }

  /** The HTTP status of the refusal, or 101. */
  async status(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(101));
      this.socket.once('unexpected-response', (_request, response) => {
        response.destroy();
        this.socket.terminate();
        resolve(response.statusCode ?? 0);
      });
      this.socket.once('close', () => reject(new Error('closed before it was answered')));
    });
  }

  get eventIds(): string[] {
    return this.messages.flatMap(({ event_id: eventId }) => eventId ?? []);
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }

  /** Where the client stands: of the last event, else of the welcome or what else it was told. */
  get cursor(): string {
    return (
      this.messages.findLast(({ type }) => type === 'event')?.cursor ??
      this.messages.findLast(({ cursor }) => cursor !== undefined)?.cursor ??
      '0-0'
    );
  }

  async until(what: string, check: (client: this) => boolean, timeoutMs = 10_000): Promise<void> {
    await eventually(() => check(this), { what: `${what}; got ${this.types.length} messages`, timeoutMs });
  }

  has(type: string): Promise<void> {
    return this.until(`a ${type} message`, ({ types }) => types.includes(type));
  }

  got(eventId: string): Promise<void> {
    return this.until(`event ${eventId}`, ({ eventIds }) => eventIds.includes(eventId));
  }

  closed(): Promise<void> {
    return this.until('the close', ({ closeCode }) => closeCode !== undefined);
  }

  async end(): Promise<void> {
    this.socket.terminate();
    await this.until('the end', () => this.socket.readyState === WebSocket.CLOSED);
  }
}
