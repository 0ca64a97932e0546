import { z } from 'zod';
import { momentField } from './fields';

/** `--from` and `--to` of lists; `to` is the first moment that is not listed. */
export const timeRangeFields = {
  from: momentField.optional(),
  to: momentField.optional(),
  csv: z.boolean().default(false),
};

/** A time that a database may hold as infinity, for tables, CSV and JSON. */
export function momentText(time: Date | number): string {
  return time instanceof Date ? time.toISOString() : 'infinity';
}
