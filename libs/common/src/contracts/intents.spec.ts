import { catalogOf, INTENT_CATALOG, type IntentType } from './intents';

const good = (): IntentType => {
  const type = INTENT_CATALOG.get('vehicle.offline');
  if (type === undefined) throw new Error('the catalog has lost a type');
  return type;
};

describe('catalogOf', () => {
  it('takes the catalog as it is', () => {
    expect([...catalogOf([...INTENT_CATALOG.values()]).keys()]).toEqual([...INTENT_CATALOG.keys()]);
  });

  it.each<[string, Partial<IntentType>]>([
    ['a name is words', { type: 'Offline!' }],
    ['nobody may produce it', { producers: [] }],
    ['it has no channel', { channels: [] }],
    ['a channel is named twice', { channels: ['push', 'push'] }],
    ['by email alone', { audience: 'admin_email', channels: ['push', 'email'] }],
    ['expired when it happens', { expiresAfterMs: 0 }],
    ['expires while it is gathered', { gatherMs: 600_000, expiresAfterMs: 600_000 }],
  ])('refuses a type where %s', (mistake, changes) => {
    const type = { ...good(), ...changes };
    expect(() => catalogOf([type])).toThrow(mistake);
    expect(() => catalogOf([type])).toThrow(type.type);
  });

  it('refuses a type that is there twice', () => {
    expect(() => catalogOf([good(), good()])).toThrow('twice');
  });
});
