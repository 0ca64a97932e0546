import { type CustomTransportStrategy } from '@nestjs/microservices';
import { type EdgeTransport } from './edge.transport';
import { type TlsKeys } from './tls-keys';

/** All device listeners of this process: what main.ts connects to Nest, and what the service opens and closes. */
export class EdgeListeners {
  constructor(
    private readonly transports: readonly EdgeTransport[],
    private readonly keys: TlsKeys | undefined,
  ) {}

  get strategies(): readonly CustomTransportStrategy[] {
    return this.transports;
  }

  get isListening(): boolean {
    return this.transports.every(({ isListening }) => isListening);
  }

  /** Bound ports by kind; without those that do not listen. */
  get ports(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.transports.flatMap(({ kind, port }) => (port === undefined ? [] : [[kind, port]])),
    );
  }

  /** @throws OdographError CONFIG_INVALID where an address cannot be had. */
  async open(): Promise<void> {
    this.keys?.start();
    for (const transport of this.transports) await transport.open();
  }

  /** Accepts nobody any more. */
  async close(): Promise<void> {
    for (const transport of this.transports) transport.close();
    await this.keys?.stop();
  }
}
