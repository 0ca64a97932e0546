import { OdographError } from '../../errors';
import { type NodeAddress } from './endpoint';

/** One kind of connection to every node of a cluster, made when it is first wanted. */
export interface NodeConnection {
  connect(timeoutMs: number, giveUp?: 'late' | 'first'): Promise<void>;
  readonly isReady: boolean;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2000;

export class NodePool<Connection extends NodeConnection> {
  private readonly nodes = new Map<NodeAddress, Connection>();
  private readonly connecting = new Map<NodeAddress, Promise<void>>();
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly make: (address: NodeAddress) => Connection) {}

  get isReady(): boolean {
    return [...this.nodes.values()].every(({ isReady }) => isReady);
  }

  /** Connected once; after that it comes back by itself, and whoever asks meanwhile is told so by the connection. */
  async at(address: NodeAddress): Promise<Connection> {
    if (this.closed) throw new OdographError('REDIS_UNREACHABLE', { detail: 'the connection is closed' });
    let connection = this.nodes.get(address);
    if (connection === undefined) {
      connection = this.make(address);
      this.nodes.set(address, connection);
      const connected = connection.connect(CONNECT_TIMEOUT_MS, 'first').finally(() => {
        this.connecting.delete(address);
      });
      this.connecting.set(address, connected);
    }
    await this.connecting.get(address);
    return connection;
  }

  /** Lets go of nodes that serve nothing any more. */
  retain(addresses: ReadonlySet<NodeAddress>): void {
    for (const [address, connection] of this.nodes) {
      if (addresses.has(address)) continue;
      this.nodes.delete(address);
      this.discard(connection);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.retain(new Set());
    await Promise.all(this.closing);
  }

  private discard(connection: Connection): void {
    const gone = connection.close().finally(() => this.closing.delete(gone));
    this.closing.add(gone);
  }
}
