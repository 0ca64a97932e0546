import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { OdographError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { type DatagramDesk } from './datagram-desk';
import { plainAddress } from './peer';

/** Events of node's socket, by its names: `listening`, `close`, … */
type TransportEvents = Record<string, (...args: unknown[]) => void>;

export interface UdpTransportOptions {
  readonly host: string;
  readonly port: number;
  readonly desk: DatagramDesk;
  readonly logger: Logger;
}

/** The datagram listener as a Nest transport; answers go to where the datagram came from and nowhere else. */
export class UdpTransport extends Server<TransportEvents> implements CustomTransportStrategy {
  override transportId = Symbol('teltonika udp');
  readonly kind = 'udp';
  private readonly socket: Socket;
  private opening: Promise<number> | undefined;
  private state: 'new' | 'listening' | 'closed' = 'new';

  constructor(private readonly options: UdpTransportOptions) {
    super();
    this.socket = createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
    this.socket.on('message', (datagram, source) => void this.receive(datagram, source));
    this.socket.on('error', (error) => options.logger.error({ event: 'edge_listener_failed', err: error }));
  }

  get port(): number | undefined {
    return this.isListening ? this.socket.address().port : undefined;
  }

  get isListening(): boolean {
    return this.state === 'listening';
  }

  /** Resolves to the bound port. @throws OdographError CONFIG_INVALID where the address cannot be had. */
  open(): Promise<number> {
    this.opening ??= this.bind();
    return this.opening;
  }

  override listen(callback: (error?: unknown, port?: number) => void): void {
    this.open().then((port) => callback(undefined, port), callback);
  }

  /** Takes no further datagram; what is in hand still gets its ack. */
  override close(): void {
    const wasListening = this.isListening;
    this.state = 'closed';
    if (wasListening) this.options.desk.whenIdle(() => setImmediate(() => this.socket.close()));
  }

  override on(event: string, callback: (...args: unknown[]) => void): void {
    this.socket.on(event, callback);
  }

  override unwrap<T>(): T {
    // Nest leaves the type to the caller, who asks for node's socket.
    return this.socket as T;
  }

  private bind(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const detail = `EDGE_UDP_PORT: cannot listen on ${host}:${port}`;
        reject(new OdographError('CONFIG_INVALID', { detail, cause }));
      };
      this.socket.once('error', failed);
      this.socket.bind({ address: host, port }, () => {
        this.socket.off('error', failed);
        if (this.state === 'closed') this.socket.close();
        else this.state = 'listening';
        resolve(this.port ?? port);
      });
    });
  }

  private async receive(datagram: Buffer, { address, port }: RemoteInfo): Promise<void> {
    if (!this.isListening) return;
    const acks = await this.options.desk.take(datagram, { address: plainAddress(address), port });
    for (const ack of acks) {
      this.socket.send(ack, port, address, (error) => {
        if (error === null) return;
        this.options.logger.debug({ event: 'edge_datagram_ack_lost', reason: error.message });
      });
    }
  }
}
