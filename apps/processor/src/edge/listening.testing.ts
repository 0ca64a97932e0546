import { eventually } from '@app/common/testing';
import { encodeAck } from '@app/teltonika-codec';
import { TestEdge, type TestEdgeOptions } from './edge.testing';
import { frameOf, OTHER_IMEI, type Kit } from './session.testing';

/* What the specs over real sockets share. Not part of the app. */

/** A deadline that a test waits out. */
export const SHORT_MS = 120;

/** Edges that are closed behind each test of the file. Call it once, outside of tests. */
export function listening(): (options?: TestEdgeOptions) => Promise<TestEdge> {
  const edges: TestEdge[] = [];
  afterEach(async () => {
    for (const edge of edges.splice(0)) await edge.close();
  });
  return async (options = {}) => {
    const edge = await TestEdge.listen(options);
    edges.push(edge);
    return edge;
  };
}

export const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

/** An ack as a device hears it, in hex. */
export const ack = (count: number): string => encodeAck(count).toString('hex');

export async function expectCount(
  { kit }: { readonly kit: Pick<Kit, 'count'> },
  name: string,
  labels: Readonly<Record<string, string>>,
  wanted: number,
): Promise<void> {
  await eventually(async () => (await kit.count(name, labels)) === wanted, {
    what: `${name} ${JSON.stringify(labels)} to be ${wanted}`,
  });
}

/** Whatever one device did, another one gets its ack. */
export async function expectNextIsServed(edge: TestEdge): Promise<void> {
  const next = await edge.logIn(OTHER_IMEI);
  next.send(frameOf(2));
  expect(await next.next(4)).toBe(ack(2));
  next.destroy();
}
