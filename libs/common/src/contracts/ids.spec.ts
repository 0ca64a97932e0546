import { eventId, loadRecordDigest, notificationId, routeId } from './ids';

describe('ids', () => {
  const identity = {
    deviceId: '7',
    kind: 'overspeed.started',
    reference: 'rule:1',
    occurredAtMs: 1_700_000_000_000,
  };

  it('never change: stored events and records carry them', async () => {
    const digest = await loadRecordDigest();
    expect(eventId(identity)).toBe('cd565c4e-04b4-5e59-add4-8edeeaad6392');
    expect(notificationId('processor', 'k')).toBe('f4b98abb-6717-5348-bb7f-fea4b5491e84');
    expect(digest(Buffer.from('odograph'))).toBe(6071029151810716036n);
    // Published check value of XXH64, seed 0, over no input.
    expect(digest(Buffer.alloc(0))).toBe(BigInt.asIntN(64, 0xef46db3751d8e999n));
  });

  it('tell apart what differs in one part', () => {
    const others = [
      { ...identity, deviceId: '8' },
      { ...identity, kind: 'overspeed.ended' },
      { ...identity, reference: 'rule:2' },
      { ...identity, occurredAtMs: identity.occurredAtMs + 1 },
    ];
    expect(new Set([identity, ...others].map(eventId)).size).toBe(5);
  });

  it('do not confuse a producer that ends like a key begins', () => {
    expect(notificationId('a', 'bc')).not.toBe(notificationId('ab', 'c'));
  });

  it('carry the channel in front of a route', () => {
    expect(routeId('push', 'n', 'u')).toBe('push:n:u');
  });
});
