import { DatabaseError } from 'pg';
import { OdographError } from '../errors';
import {
  CommitOutcomeUnknown,
  constraintOf,
  isCommitOutcomeUnknown,
  isDataError,
  isOutage,
  isTransactionTooSlow,
  leavesSessionAlive,
  sqlStateOf,
} from './sql-errors';
import { statement } from './statement';

function serverError(code: string, more: { constraint?: string; severity?: string } = {}): DatabaseError {
  return Object.assign(new DatabaseError('planted', 0, 'error'), { code, severity: 'ERROR', ...more });
}

const networkError = (code: string): Error => Object.assign(new Error('planted'), { code });

describe('isDataError', () => {
  it.each([
    ['22003', undefined, true],
    ['23502', undefined, true],
    ['23505', 'device_imei_key', true],
    ['23514', 'device_imei_check', true],
    ['23514', undefined, false],
    ['42501', undefined, false],
    ['25P04', undefined, false],
    ['57P01', undefined, false],
  ])('%s with constraint %s: %s', (code, constraint, expected) => {
    const error = serverError(code, constraint === undefined ? {} : { constraint });
    expect(isDataError(error)).toBe(expected);
    expect(isDataError(new Error('outer', { cause: error }))).toBe(expected);
  });
});

describe('isOutage', () => {
  it.each(['08006', '57P01', '57P02', '57P03', '53300', '53100', '25006'])('SQLSTATE %s is one', (code) => {
    expect(isOutage(serverError(code))).toBe(true);
  });

  it.each(['22003', '23505', '40001', '55P03', '25P04', '57014'])('SQLSTATE %s is none', (code) => {
    expect(isOutage(serverError(code))).toBe(false);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'])('%s is one', (code) => {
    expect(isOutage(networkError(code))).toBe(true);
    expect(isOutage(new OdographError('POSTGRES_UNREACHABLE', { cause: networkError(code) }))).toBe(true);
  });

  it('knows the connection errors that have only words, and no others', () => {
    expect(isOutage(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isOutage(new Error('Connection terminated due to connection timeout'))).toBe(true);
    expect(isOutage(new Error('something else'))).toBe(false);
    expect(isOutage('Connection terminated')).toBe(false);
    expect(isOutage(undefined)).toBe(false);
  });

  it('holds a COMMIT without a reply for one, whatever its cause', () => {
    const unknown = new CommitOutcomeUnknown(serverError('25P04', { severity: 'FATAL' }));
    expect(isOutage(unknown)).toBe(true);
    expect(isCommitOutcomeUnknown(new Error('outer', { cause: unknown }))).toBe(true);
    expect(isCommitOutcomeUnknown(serverError('57P01'))).toBe(false);
  });
});

describe('what else an error tells', () => {
  it('names state and constraint through a chain of causes', () => {
    const error = new Error('outer', { cause: serverError('23505', { constraint: 'device_imei_key' }) });
    expect(sqlStateOf(error)).toBe('23505');
    expect(constraintOf(error)).toBe('device_imei_key');
    expect(sqlStateOf(networkError('EPIPE'))).toBeUndefined();
  });

  it('tells a transaction that was too slow', () => {
    expect(isTransactionTooSlow(serverError('25P04'))).toBe(true);
    expect(isTransactionTooSlow(serverError('57014'))).toBe(false);
  });

  it('tells whether the session lives on', () => {
    expect(leavesSessionAlive(serverError('23505'))).toBe(true);
    expect(leavesSessionAlive(serverError('57P01', { severity: 'FATAL' }))).toBe(false);
    expect(leavesSessionAlive(networkError('ECONNRESET'))).toBe(false);
  });

  it('does not go round in a circle of causes', () => {
    const error = new Error('circle');
    error.cause = error;
    expect(isOutage(error)).toBe(false);
  });
});

describe('statement', () => {
  it('refuses a name with two texts, and names that PostgreSQL would cut off', () => {
    expect(statement('spec_one', 'SELECT 1')).toEqual({ name: 'spec_one', text: 'SELECT 1' });
    expect(statement('spec_one', 'SELECT 1').text).toBe('SELECT 1');
    expect(() => statement('spec_one', 'SELECT 2')).toThrow('two statements are named spec_one');
    expect(() => statement('x'.repeat(64), 'SELECT 1')).toThrow(RangeError);
    expect(() => statement('', 'SELECT 1')).toThrow(RangeError);
  });
});
