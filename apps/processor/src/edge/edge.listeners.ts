import { type CustomTransportStrategy } from '@nestjs/microservices';
import { type Transport } from '@app/common/contracts';
import { type TlsKeys } from './tls-keys';

/** A listener for devices: a transport of Nest that says where it listens. */
export interface EdgeListener extends CustomTransportStrategy {
  readonly kind: Transport;
  /** The bound port; undefined while not listening. */
  readonly port: number | undefined;
  readonly isListening: boolean;
  /** Resolves to the bound port. @throws OdographError CONFIG_INVALID where the address cannot be had. */
  open(): Promise<number>;
  /** Takes in nobody any more. */
  close(): void;
}

/** All device listeners of this process: what main.ts connects to Nest, and what the service opens and closes. */
export class EdgeListeners {
  constructor(
    private readonly transports: readonly EdgeListener[],
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
