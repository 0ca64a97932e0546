import { MARK_DIGITS } from '../contracts';
import { type Fields, type FieldValue } from './entries';
import { OdographError } from '../errors';

/** What both adapters check and encode alike. */

const EPOCH_DIGITS = 20;

/** An epoch as a digit string of one width, so that a script compares it exactly as text. */
export function encodeEpoch(epoch: bigint): string {
  const digits = epoch.toString();
  if (epoch < 0n || digits.length > EPOCH_DIGITS) throw new RangeError(`${epoch} is no lease epoch`);
  return digits.padStart(EPOCH_DIGITS, '0');
}

const NO_DIGIT = /\D/;

export const FIRST_MARK = '0'.repeat(MARK_DIGITS);

/** @throws RangeError for marks of another width or out of order: the store would skip what it must not. */
export function checkMarks(acknowledged: string, marks: readonly string[]): void {
  checkMark(acknowledged);
  let before = '';
  for (const mark of marks) {
    checkMark(mark);
    if (mark <= before) throw new RangeError('messages are not in the order of marks');
    before = mark;
  }
}

function checkMark(mark: string): void {
  if (mark.length !== MARK_DIGITS || NO_DIGIT.test(mark)) {
    throw new RangeError('a mark is not of the fixed width');
  }
}

/** Field names and values by turns. */
export function flatFields(fields: Fields): FieldValue[] {
  return Object.entries(fields).flat();
}

/** @throws OdographError STREAM_REFUSED for an entry without fields, which no store keeps. */
export function checkFields(fields: Fields): void {
  for (const _field in fields) return;
  throw new OdographError('STREAM_REFUSED', { detail: 'an entry has at least one field' });
}
