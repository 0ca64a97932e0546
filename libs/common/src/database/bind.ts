import { type BindConfig, type Connection } from 'pg';

/** Below it pg's own copies cost nothing. */
const LARGE_BYTES = 4096;

const BIND = 0x42;
const LENGTH_BYTES = 4;
const CODE_BYTES = 2;
const BINARY = 1;
/** One format for all results: text. */
const RESULT_FORMATS = Buffer.from([0, 1, 0, 0]);

/**
 * The message Bind (PostgreSQL documentation, 54.7): as pg writes it, except that large binary parameters go to the
 * socket from where they lie. pg copies them several times over, into memory that grows along, which makes more work for
 * the collector of garbage than all else that a batch leaves behind.
 */
export function bindLarge(connection: Connection, config: BindConfig): void {
  const values: readonly unknown[] = config.values ?? [];
  const buffers = values.filter((value) => Buffer.isBuffer(value));
  const valueBytes = buffers.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0);
  if (valueBytes < LARGE_BYTES || buffers.length < values.length) {
    connection.bind(config, true);
    return;
  }
  const { stream } = connection;
  const names = Buffer.from(`${config.portal ?? ''}\0${config.statement ?? ''}\0`);
  const frame = Buffer.allocUnsafe(
    1 + LENGTH_BYTES + names.length + (2 + buffers.length) * CODE_BYTES + buffers.length * LENGTH_BYTES,
  );
  let at = frame.writeUInt8(BIND, 0);
  at = frame.writeInt32BE(headLength(names, buffers) + valueBytes + RESULT_FORMATS.length, at);
  at += names.copy(frame, at);
  at = frame.writeUInt16BE(buffers.length, at);
  for (let index = 0; index < buffers.length; index += 1) at = frame.writeUInt16BE(BINARY, at);
  at = frame.writeUInt16BE(buffers.length, at);
  let start = 0;
  for (const buffer of buffers) {
    at = frame.writeInt32BE(buffer.length, at);
    stream.write(frame.subarray(start, at));
    stream.write(buffer);
    start = at;
  }
  stream.write(RESULT_FORMATS);
}

const headLength = (names: Buffer, buffers: readonly Buffer[]): number =>
  LENGTH_BYTES + names.length + (2 + buffers.length) * CODE_BYTES;
