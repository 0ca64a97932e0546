import { OdographError } from '@app/common/errors';
import { DatabaseError } from 'pg';
import { blameOf } from './blame';

function sqlError(code: string, constraint?: string): DatabaseError {
  const error = new DatabaseError('refused', 7, 'error');
  error.code = code;
  error.constraint = constraint;
  return error;
}

it.each([
  ['a value out of range', sqlError('22003'), 1, 'record'],
  ['a violated constraint', sqlError('23514', 'device_imei_check'), 1, 'record'],
  ['a missing partition', sqlError('23514'), 99, 'nobody'],
  ['a message that breaks its contract', new OdographError('OUTBOX_MESSAGE_INVALID'), 1, 'record'],
  ['a transaction that took too long', sqlError('25P04'), 1, 'size'],
  ['a server that shuts down', sqlError('57P01'), 99, 'nobody'],
  ['a table that is not there', sqlError('42P01'), 99, 'nobody'],
  ['a lock that was not had in time', sqlError('55P03'), 99, 'nobody'],
  ['a lost lease', new OdographError('LEASE_LOST'), 99, 'nobody'],
  ['a mistake of ours, at first', new TypeError('x is not a function'), 4, 'us'],
  ['a mistake of ours, again and again', new TypeError('x is not a function'), 5, 'record'],
])('blames for %s', (_name, error, deliveries, blame) => {
  expect(blameOf(error, deliveries, 5)).toBe(blame);
});
