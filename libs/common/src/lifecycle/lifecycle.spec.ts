import pino from 'pino';
import { Lifecycle } from './lifecycle';
import { type Service, type Stage } from './service';

const logger = pino({ level: 'silent' });

function recorder(lifecycle: Lifecycle) {
  const steps: string[] = [];
  const add = (name: string, stage: Stage, overrides: Partial<Service> = {}) =>
    lifecycle.register({
      name,
      stage,
      start: () => {
        steps.push(`start ${name}`);
        return Promise.resolve();
      },
      stop: () => {
        steps.push(`stop ${name} while ${lifecycle.state}`);
        return Promise.resolve();
      },
      ...overrides,
    });
  return { steps, add };
}

describe('Lifecycle', () => {
  it('starts stores, leases, work and stops them the other way round, not ready before anything stops', async () => {
    const lifecycle = new Lifecycle(logger, 1000);
    const { steps, add } = recorder(lifecycle);
    add('edge', 'work');
    add('shards', 'leases');
    add('redis', 'stores');
    await lifecycle.start();
    expect(lifecycle.state).toBe('running');
    expect(await lifecycle.stop('test')).toBe(true);
    expect(steps).toEqual([
      'start redis',
      'start shards',
      'start edge',
      'stop edge while stopping',
      'stop shards while stopping',
      'stop redis while stopping',
    ]);
    expect(lifecycle.state).toBe('stopped');
  });

  it('stops the others when one fails or overruns its budget', async () => {
    const lifecycle = new Lifecycle(logger, 5);
    const { steps, add } = recorder(lifecycle);
    add('redis', 'stores');
    add('stuck', 'work', { stop: () => new Promise(() => undefined) });
    add('broken', 'work', { stop: () => Promise.reject(new Error('broken')) });
    await lifecycle.start();
    expect(await lifecycle.stop('test')).toBe(false);
    expect(steps).toContain('stop redis while stopping');
  });

  it('stops once, however often it is asked', async () => {
    const lifecycle = new Lifecycle(logger, 1000);
    const { steps, add } = recorder(lifecycle);
    add('redis', 'stores');
    await lifecycle.start();
    const answers = await Promise.all([lifecycle.stop('SIGTERM'), lifecycle.stop('SIGINT')]);
    expect(answers).toEqual([true, true]);
    expect(steps.filter((step) => step.startsWith('stop'))).toHaveLength(1);
  });

  it('does not go on starting once it is told to stop', async () => {
    const lifecycle = new Lifecycle(logger, 1000);
    const { steps, add } = recorder(lifecycle);
    let stopping: Promise<boolean> | undefined;
    add('redis', 'stores', {
      start: () => {
        stopping = lifecycle.stop('SIGTERM');
        return Promise.resolve();
      },
    });
    add('edge', 'work');
    await lifecycle.start();
    await stopping;
    expect(steps).not.toContain('start edge');
    expect(lifecycle.state).toBe('stopped');
  });
});
