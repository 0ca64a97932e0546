import fc from 'fast-check';
import { HeldBack, inEventOrder, type Ordered } from './event-order';

const records = fc.uniqueArray(
  fc.record<Ordered>({
    notificationId: fc.uuid(),
    tenantId: fc.constantFrom('a', 'b'),
    subject: fc.constantFrom('1', '2'),
    recipientUserIds: fc.uniqueArray(fc.constantFrom('anna', 'bert', 'carl'), { minLength: 1 }),
    occurredAtMs: fc.integer({ min: 0, max: 5 }),
  }),
  { selector: ({ notificationId }) => notificationId },
);

describe('HeldBack', () => {
  it('lets nobody pass somebody of their subject who waits for one of the same people', () => {
    fc.assert(
      fc.property(records, fc.func(fc.boolean()), (all, isUnknown) => {
        const held = new HeldBack();
        const passed: Ordered[] = [];
        const waiting: Ordered[] = [];
        for (const record of inEventOrder(all)) {
          if (isUnknown(record.notificationId) || held.holds(record, 'normal')) {
            held.add(record, 'normal');
            waiting.push(record);
          } else passed.push(record);
        }
        const overtakes = (one: Ordered, other: Ordered) =>
          one.tenantId === other.tenantId &&
          one.subject === other.subject &&
          one.occurredAtMs > other.occurredAtMs &&
          one.recipientUserIds.some((userId) => other.recipientUserIds.includes(userId));
        expect(passed.filter((one) => waiting.some((other) => overtakes(one, other)))).toEqual([]);
      }),
    );
  });

  it('holds nobody of another lane, subject or recipient', () => {
    const record = {
      notificationId: 'n',
      tenantId: 'a',
      subject: '1',
      recipientUserIds: ['anna'],
      occurredAtMs: 0,
    };
    const held = new HeldBack();
    held.add(record, 'normal');
    expect(held.holds(record, 'normal')).toBe(true);
    expect(held.holds(record, 'urgent')).toBe(false);
    expect(held.holds({ ...record, subject: '2' }, 'normal')).toBe(false);
    expect(held.holds({ ...record, recipientUserIds: ['bert'] }, 'normal')).toBe(false);
  });
});
