import { Client, type Connection, type Submittable } from 'pg';
import { type StreamEntry } from '@app/common/streams';
import { type SinkEntry } from '../../apps/processor/src/sink';
import { type Arrival, POSITION_COLUMNS } from '../../apps/processor/src/sink/position-columns';

const NAMES = POSITION_COLUMNS.map(({ name }) => name).join(', ');
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
const ARRAY_HEAD_BYTES = 20;

/** The rows in PostgreSQL's binary COPY format. */
export function copyRows(
  entries: readonly StreamEntry[],
  decode: (entry: StreamEntry) => SinkEntry,
  deviceIds: ReadonlyMap<string, bigint>,
): Buffer {
  const arrivals = entries.map((entry): Arrival => {
    const { imei, receivedAtMs, traceparent, records } = decode(entry);
    const device = { id: deviceIds.get(imei) ?? 0n, imei, tenantId: 'default', name: imei };
    return { device, receivedAtMs, traceparent, records };
  });
  const rows = arrivals.reduce((sum, { records }) => sum + records.length, 0);
  // An element of a binary array and a field of a binary row are the same bytes: a length, and the value.
  const arrays = POSITION_COLUMNS.map((column) => ({
    bytes: column.encode(arrivals, rows),
    at: ARRAY_HEAD_BYTES,
  }));
  const fieldCount = Buffer.from([0, arrays.length]);
  const parts: Buffer[] = [SIGNATURE];
  for (let row = 0; row < rows; row += 1) {
    parts.push(fieldCount);
    for (const array of arrays) {
      const end = array.at + 4 + Math.max(0, array.bytes.readInt32BE(array.at));
      parts.push(array.bytes.subarray(array.at, end));
      array.at = end;
    }
  }
  parts.push(TRAILER);
  return Buffer.concat(parts);
}

/** A client that only copies: into a staging table and from there, dropping repeats, into the table. */
export class StagedCopy {
  private constructor(private readonly client: Client) {}

  static async connect(url: string): Promise<StagedCopy> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(
      `CREATE TEMP TABLE staged (LIKE telemetry.position INCLUDING DEFAULTS) ON COMMIT DELETE ROWS`,
    );
    return new StagedCopy(client);
  }

  async write(rows: Buffer): Promise<void> {
    await this.client.query('BEGIN');
    await this.copy(rows);
    await this.client.query(
      `INSERT INTO telemetry.position (${NAMES}) SELECT ${NAMES} FROM staged
       ON CONFLICT (device_id, time, digest) DO NOTHING`,
    );
    await this.client.query('COMMIT');
  }

  end(): Promise<void> {
    return this.client.end();
  }

  private copy(rows: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.client.query(
        new CopyIn(`COPY staged (${NAMES}) FROM STDIN (FORMAT binary)`, rows, resolve, reject),
      );
    });
  }
}

interface CopyConnection extends Connection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** What pg's types leave out. */
const canCopy = (connection: Connection): connection is CopyConnection =>
  'query' in connection && 'sendCopyFromChunk' in connection && 'endCopyFrom' in connection;

/** The shape that pg asks of a query of one's own. */
class CopyIn implements Submittable {
  private connection: CopyConnection | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly text: string,
    private readonly rows: Buffer,
    private readonly resolve: () => void,
    private readonly reject: (error: Error) => void,
  ) {}

  submit(connection: Connection): void {
    if (!canCopy(connection)) throw new Error('this version of pg cannot copy');
    this.connection = connection;
    connection.query(this.text);
  }

  handleCopyInResponse(): void {
    this.connection?.sendCopyFromChunk(this.rows);
    this.connection?.endCopyFrom();
  }

  handleError(error: Error): void {
    this.failure = error;
  }

  handleCommandComplete(): void {
    // The answer that counts is the one behind it.
  }

  handleReadyForQuery(): void {
    if (this.failure === undefined) this.resolve();
    else this.reject(this.failure);
  }
}
