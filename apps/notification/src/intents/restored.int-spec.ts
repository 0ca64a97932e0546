import pino from 'pino';
import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { MemoryStreams, textFields } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { DraftStore, RoutesService } from '../routes';
import { IntakeEyes } from './intake-eyes.testing';
import { intakeOf } from './intake.testing';
import { intentFields } from './intent.testing';
import { INTENT_MARKS } from './store-marks';

const servers = testServers();
const FORGET = statement(
  'spec_forget',
  `DELETE FROM notification.record WHERE idempotency_key = ANY ($1::text[])`,
);

describe('a PostgreSQL that was put back to an earlier time', () => {
  let eyes: IntakeEyes;
  let owner: Database;
  let database: Database;
  let streams: MemoryStreams;
  const databaseFor = (url: string) =>
    new Database({
      ...{ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000 },
      logger: pino({ level: 'silent' }),
    });
  const keys = ['event-1', 'event-2', 'event-3'];

  beforeAll(async () => {
    eyes = await IntakeEyes.open(servers.postgresUrl());
    owner = databaseFor(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    await Promise.all([owner.start(), database.start()]);
    await eyes.addUsers('anna');
  });
  afterAll(() => Promise.all([eyes.close(), owner.stop(1000), database.stop(1000)]));
  beforeEach(async () => {
    await eyes.clear();
    streams = new MemoryStreams();
  });

  /** Runs an instance until the stream is acknowledged and the condition holds. */
  async function runUntil(what: string, condition: () => Promise<void>): Promise<void> {
    const { service } = intakeOf({
      ...{ database, streams },
      routes: new RoutesService(new DraftStore(), { push: 2, email: 3 }),
    });
    await service?.start();
    try {
      await eventually(
        async () => {
          const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
          expect(info?.groups[0]).toMatchObject({ lag: 0, pending: 0 });
          await condition();
        },
        { what },
      );
    } finally {
      await service?.stop();
    }
  }
  const storedKeys = async () => (await eyes.records()).map(({ idempotency_key }) => idempotency_key);
  const marks = async () => (await streams.newest(INTENT_MARKS, 100)).map(textFields);
  const acceptAll = async () => {
    for (const key of keys)
      await streams.append(NOTIFICATION_INTENTS, intentFields({ idempotency_key: key }));
    await runUntil('all accepted', async () => expect(await storedKeys()).toEqual(keys));
  };

  it('is given again what it lost and nothing twice', async () => {
    await acceptAll();
    await owner.query(FORGET, [keys]);
    expect(await storedKeys()).toEqual([]);
    await runUntil('all accepted again', async () => expect(await storedKeys()).toEqual(keys));
    expect(await eyes.routes()).toHaveLength(6);
    expect((await marks())[0]).toMatchObject({ kind: 'offered_again' });
  });

  it.each([
    ['log stands further back', { lsn: '999999999999999' }],
    ['timeline is another', { timeline: '000000FF' }],
    ['system is another', { system: '1' }],
  ])('is noticed where its %s, though what it was last seen with is there', async (_what, changes) => {
    await acceptAll();
    const [newest] = await marks();
    await streams.broadcast(INTENT_MARKS, [{ ...newest, notification_id: '', ...changes }], 100);
    await owner.query(FORGET, [['event-1']]);
    await runUntil('all accepted again', async () => expect(await storedKeys()).toEqual(keys));
  });

  it('is not suspected for nothing', async () => {
    await acceptAll();
    const before = await marks();
    expect(before.length).toBeGreaterThan(0);
    await streams.append(NOTIFICATION_INTENTS, intentFields({ idempotency_key: 'event-4' }));
    await runUntil('the next', async () => expect(await storedKeys()).toEqual([...keys, 'event-4']));
    expect((await marks()).map(({ kind }) => kind)).not.toContain('offered_again');
  });
});
