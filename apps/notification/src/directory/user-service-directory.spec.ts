import pino from 'pino';
import { Registry } from 'prom-client';
import { Metrics } from '@app/common/observability';
import { eventually } from '@app/common/testing';
import { directoryMetrics } from './directory.metrics';
import { UserServiceDirectory } from './user-service-directory';
import { TestUserService } from './user-service.testing';

const anna = { email: 'anna@example.org', preferred_language: 'pt_BR', time_zone: 'Europe/Lisbon' };

describe('UserServiceDirectory', () => {
  let service: TestUserService;
  let directory: UserServiceDirectory;
  const directoryOf = (options: { timeoutMs?: number; concurrency?: number; baseUrl?: string } = {}) =>
    new UserServiceDirectory({
      ...{ baseUrl: service.baseUrl, timeoutMs: 2000, cacheAgeMs: 60_000, cacheSize: 100, concurrency: 4 },
      ...options,
      metrics: directoryMetrics(new Metrics(new Registry())),
      logger: pino({ level: 'silent' }),
    });
  const lookUp = (...userIds: string[]) => directory.lookUp({ userIds, urgent: false });

  beforeEach(async () => {
    service = await TestUserService.start();
    service.users.set('anna', anna);
    directory = directoryOf();
  });
  afterEach(async () => {
    await directory.stop();
    await service.stop();
  });

  it('knows users in their words and zones, and leaves out who does not exist', async () => {
    service.users.set('bert', { email: ' ', preferred_language: '!', time_zone: 'Mars/Olympus' });
    const accounts = await lookUp('anna', 'bert', 'nobody', '..');
    const profile = { units: 'metric', enabled: true };
    expect([...accounts.values()]).toEqual([
      { ...profile, userId: 'anna', email: 'anna@example.org', locale: 'pt-BR', timezone: 'Europe/Lisbon' },
      { ...profile, userId: 'bert', email: undefined, locale: 'en', timezone: 'UTC' },
    ]);
    expect(service.asked.toSorted()).toEqual(['anna', 'bert', 'nobody']);
  });

  it('asks for an id as it is, whatever stands in it', async () => {
    service.users.set('a/b?c#d é', anna);
    expect((await lookUp('a/b?c#d é')).size).toBe(1);
  });

  it('asks once for all who want to know at one time, and not again while the answer is fresh', async () => {
    await Promise.all([lookUp('anna'), lookUp('anna'), lookUp('anna')]);
    await lookUp('anna');
    expect(service.asked).toEqual(['anna']);
  });

  it('does not remember that somebody does not exist', async () => {
    expect((await lookUp('new')).size).toBe(0);
    service.users.set('new', anna);
    expect((await lookUp('new')).size).toBe(1);
  });

  it.each([503, 500, 302, 429, 'gibberish'] as const)('fails on %s', async (answer) => {
    service.users.set('anna', answer);
    await expect(lookUp('anna')).rejects.toMatchObject({ code: 'USER_SERVICE_UNAVAILABLE' });
  });

  it('fails when no answer comes in time', async () => {
    directory = directoryOf({ timeoutMs: 30 });
    service.users.set('anna', 'hang');
    await expect(lookUp('anna')).rejects.toMatchObject({ code: 'USER_SERVICE_UNAVAILABLE' });
  });

  it('leaves a service that is out alone, tries it with one lookup, and goes on when it is back', async () => {
    service.everybody = 503;
    for (let i = 0; i < 5; i += 1) await expect(lookUp(`user-${i}`)).rejects.toThrow();
    expect((await directory.check()).status).toBe('degraded');
    const { length } = service.asked;
    await expect(lookUp('anna')).rejects.toThrow('given a rest');
    expect(service.asked).toHaveLength(length);
    expect(directory.readiness()).toMatchObject({ most: 1 });
    service.everybody = undefined;
    await eventually(() => directory.readiness().restMs === 0, { what: 'the end of the rest' });
    expect((await lookUp('anna')).size).toBe(1);
    expect(directory.readiness()).toEqual({ restMs: 0, most: Infinity });
    expect((await directory.check()).status).toBe('up');
  });

  it('does not let a user whose lookup hangs hold up the others', async () => {
    directory = directoryOf({ concurrency: 2 });
    service.users.set('slow', 'hang');
    const slow = lookUp('slow');
    await eventually(() => service.asked.length === 1, { what: 'the slow lookup' });
    for (let i = 0; i < 20; i += 1) service.users.set(`user-${i}`, anna);
    await Promise.all(Array.from({ length: 20 }, (_, i) => lookUp(`user-${i}`)));
    service.release(404);
    expect((await slow).size).toBe(0);
  });
});
