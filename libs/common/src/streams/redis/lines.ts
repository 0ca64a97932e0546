import { type LineResult, type WriteLine } from './write-line';
import { type NodePool } from './node-pool';
import { type ClusterTopology } from './topology';
import { type TransactionBuffer } from './transaction-buffer';

/** Where transactions of XADDs go out. */
export interface WriteLines {
  /** Streams of the same lane may share a transaction. */
  laneOf(stream: string): string;
  /** Transactions of a lane under way at once. */
  readonly mostInFlight: number;
  /**
   * Writes a transaction of one lane's entries, `stream` being any of its streams.
   *
   * @throws OdographError REDIS_UNREACHABLE (outcome unknown) or STREAM_REFUSED, for all of them.
   */
  write(stream: string, transaction: TransactionBuffer): Promise<readonly LineResult[]>;
  connect(timeoutMs: number): Promise<void>;
  readonly isReady: boolean;
  close(): Promise<void>;
}

const ONE_LANE = '';

export class SingleLine implements WriteLines {
  /** Two hide each other's round trip; more only divide the same entries over more fsyncs. */
  readonly mostInFlight = 2;

  constructor(private readonly line: WriteLine) {}

  laneOf(): string {
    return ONE_LANE;
  }

  write(_stream: string, transaction: TransactionBuffer): Promise<readonly LineResult[]> {
    return this.line.write(transaction);
  }

  connect(timeoutMs: number): Promise<void> {
    return this.line.connect(timeoutMs);
  }

  get isReady(): boolean {
    return this.line.isReady;
  }

  close(): Promise<void> {
    return this.line.close();
  }
}

/**
 * A transaction of a cluster holds one slot, and while that is being moved even two streams of it may be on two nodes:
 * so every stream has a lane of its own.
 */
export class ClusterLines implements WriteLines {
  /** One: of two, the first could be sent to another node and be overtaken by the second. */
  readonly mostInFlight = 1;

  constructor(
    private readonly topology: ClusterTopology,
    private readonly pool: NodePool<WriteLine>,
  ) {}

  laneOf(stream: string): string {
    return stream;
  }

  write(stream: string, transaction: TransactionBuffer): Promise<readonly LineResult[]> {
    return this.topology.follow(stream, async (address, asking) => {
      const line = await this.pool.at(address);
      return line.write(transaction, asking);
    });
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.topology.connect(timeoutMs);
    await Promise.all([...this.topology.masters].map((address) => this.pool.at(address)));
  }

  get isReady(): boolean {
    return this.pool.isReady;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
