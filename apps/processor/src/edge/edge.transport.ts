import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { OdographError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { type Arrivals } from './arrivals';
import { SocketLink } from './socket-link';
import { type TlsDoor } from './tls-door';

/** Events of node's server, by its names: `listening`, `close`, … */
type TransportEvents = Record<string, (...args: unknown[]) => void>;

export interface EdgeTransportOptions {
  /** Name of the setting that the port comes from. */
  readonly setting: string;
  readonly host: string;
  readonly port: number;
  /** Present for TLS. */
  readonly door?: TlsDoor | undefined;
  readonly arrivals: Arrivals;
  readonly logger: Logger;
  /** A device has connected; the link's events are to be attached in this very call. */
  readonly connected: (link: SocketLink) => void;
}

/**
 * The device listener as a Nest transport: it listens and closes, no more. Bytes go to sessions and frames through the
 * FrameSink, never through message handlers. The edge's service opens and closes it in the Lifecycle's order; Nest
 * closes it once more with the application, which changes nothing then.
 */
export class EdgeTransport extends Server<TransportEvents> implements CustomTransportStrategy {
  override transportId: symbol;
  private readonly server: NetServer;
  private opening: Promise<number> | undefined;
  private isClosed = false;

  constructor(private readonly options: EdgeTransportOptions) {
    super();
    this.transportId = Symbol(`teltonika ${this.kind}`);
    // Half open: a device that has sent its last frame and its FIN still gets the ack.
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
    this.server.on('error', (error) => options.logger.error({ event: 'edge_listener_failed', err: error }));
  }

  get kind(): 'tcp' | 'tls' {
    return this.options.door === undefined ? 'tcp' : 'tls';
  }

  /** The bound port; undefined while not listening. */
  get port(): number | undefined {
    const address = this.server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  }

  get isListening(): boolean {
    return this.server.listening;
  }

  /** Resolves to the bound port. @throws OdographError CONFIG_INVALID where the address cannot be had. */
  open(): Promise<number> {
    this.opening ??= this.bind();
    return this.opening;
  }

  /** Nest's name for {@link open}; the callback gets the error or the port. */
  override listen(callback: (error?: unknown, port?: number) => void): void {
    this.open().then((port) => callback(undefined, port), callback);
  }

  /** Accepts nobody any more; the connections that are there are their sessions' to end. */
  override close(): void {
    this.isClosed = true;
    if (this.server.listening) this.server.close();
    this.options.arrivals.close();
  }

  override on(event: string, callback: (...args: unknown[]) => void): void {
    this.server.on(event, callback);
  }

  override unwrap<T>(): T {
    // Nest leaves the type to the caller, who asks for node's server.
    return this.server as T;
  }

  private bind(): Promise<number> {
    const { setting, host, port } = this.options;
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void =>
        reject(
          new OdographError('CONFIG_INVALID', {
            detail: `${setting}: cannot listen on ${host}:${port}`,
            cause,
          }),
        );
      this.server.once('error', failed);
      this.server.listen({ host, port }, () => {
        this.server.off('error', failed);
        resolve(this.port ?? port);
        if (this.isClosed) this.server.close();
      });
    });
  }

  private accept(socket: Socket): void {
    const { arrivals, door, connected } = this.options;
    arrivals.receive(socket, door, (ready, peer) => connected(new SocketLink(ready, this.kind, peer)));
  }
}
