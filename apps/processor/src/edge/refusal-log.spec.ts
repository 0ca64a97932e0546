import { createLogger, type Logger } from '@app/common/observability';
import { RefusalLog } from './refusal-log';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

interface Said {
  readonly log: RefusalLog;
  readonly lines: unknown[];
}

function logOf(perSecond: number): Said {
  const lines: unknown[] = [];
  const logger: Logger = createLogger({ app: 'test', level: 'silent' });
  for (const level of ['info', 'warn'] as const) {
    jest.spyOn(logger, level).mockImplementation((line: unknown) => {
      lines.push([level, line]);
    });
  }
  return { log: new RefusalLog(logger, perSecond), lines };
}

it('names so many a second, then counts the others by code', () => {
  const { log, lines } = logOf(2);
  for (const code of [
    'NOT_TELTONIKA',
    'LOGIN_INVALID',
    'LOGIN_RATE',
    'LOGIN_RATE',
    'NOT_TELTONIKA',
  ] as const) {
    log.note(code, { peer: '10.0.0.1:1' });
  }
  expect(lines).toEqual([
    ['info', { event: 'edge_refused', code: 'NOT_TELTONIKA', peer: '10.0.0.1:1' }],
    ['info', { event: 'edge_refused', code: 'LOGIN_INVALID', peer: '10.0.0.1:1' }],
  ]);
  jest.advanceTimersByTime(1_000);
  const byCode = { LOGIN_RATE: 2, NOT_TELTONIKA: 1 };
  expect(lines[2]).toEqual(['warn', { event: 'edge_refusals_unlogged', connections: 3, byCode }]);
  // A new second has lines of its own, and nothing is said of one without any.
  log.note('LOGIN_RATE', { peer: '10.0.0.1:2' });
  expect(lines[3]).toEqual(['info', { event: 'edge_refused', code: 'LOGIN_RATE', peer: '10.0.0.1:2' }]);
  jest.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(4);
  expect(jest.getTimerCount()).toBe(0);
});
