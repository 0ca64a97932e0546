import { Connection, pause, type Address } from './connection';

/** Somebody who is no tracker, and what the protocol answers before it hangs up. */
interface Neighbour {
  readonly name: string;
  readonly bytes: Buffer;
  readonly answer: Buffer;
}

const NOTHING = Buffer.alloc(0);

const NEIGHBOURS: readonly Neighbour[] = [
  { name: 'a web browser', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: tracker\r\n\r\n'), answer: NOTHING },
  { name: 'a TLS client', bytes: Buffer.from('1603010200010001fc0303', 'hex'), answer: NOTHING },
  { name: 'a frame before the login', bytes: Buffer.from('000000000000001e0801', 'hex'), answer: NOTHING },
  {
    name: 'an IMEI with letters',
    bytes: Buffer.from('\0\x0f35209308140ABCD', 'latin1'),
    answer: Buffer.from([0]),
  },
];

const HANG_UP_TIMEOUT_MS = 30_000;

/**
 * Sends what is not Teltonika to the port, spread over the run. Resolves to complaints in words: answers that are not
 * due, and connections that nobody closed. A port that cannot be reached is no complaint.
 */
export async function sendNeighbours(
  address: Address,
  forMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const complaints: string[] = [];
  for (const neighbour of NEIGHBOURS) {
    await pause(forMs / (NEIGHBOURS.length + 1), signal);
    const complaint = await visit(neighbour, address, signal);
    if (complaint !== undefined) complaints.push(complaint);
  }
  return complaints;
}

async function visit(
  { name, bytes, answer }: Neighbour,
  address: Address,
  signal: AbortSignal,
): Promise<string | undefined> {
  const connection = await Connection.open(address, HANG_UP_TIMEOUT_MS, signal);
  if (connection === undefined) return undefined;
  await connection.write(bytes);
  const answered = await connection.readToEnd(HANG_UP_TIMEOUT_MS);
  connection.close();
  if (answered === undefined) return `${name}: the connection stayed open`;
  // A shorter answer is what a server leaves that was killed before it spoke.
  const isDue = answered.equals(answer) || answered.length === 0;
  return isDue ? undefined : `${name}: was answered with ${answered.toString('hex')}`;
}
