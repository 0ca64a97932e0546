import { z } from 'zod';
import { duration } from '@app/common/config';
import { countField } from '../cli';

export const streamField = z.string().regex(/^[\w:{}.-]{1,200}$/, 'is no name of a stream');
export const entryIdField = z.string().regex(/^\d{1,20}-\d{1,20}$/, 'is no entry id such as 1769846400000-0');
const nameField = z.string().min(1, 'is empty').max(200, 'is longer than 200 characters');
const flag = z.boolean().default(false);

export const lagSchema = z.object({ stream: streamField.optional(), all: flag });
export const pendingSchema = z.object({ stream: streamField.optional(), limit: countField(20) });
export const claimSchema = z.object({
  stream: streamField,
  group: nameField,
  from: nameField,
  idle: duration('60s'),
  limit: countField(1_000),
});
export const peekSchema = z
  .object({
    stream: streamField,
    id: entryIdField.optional(),
    count: countField(10),
    oldest: flag,
    full: flag,
    group: nameField.optional(),
    next: flag,
  })
  .refine(({ group, next }) => next === (group !== undefined), {
    path: ['next'],
    message: 'goes together with --group',
  })
  .refine(({ id, oldest, next }) => !next || (id === undefined && !oldest), {
    path: ['next'],
    message: 'goes with neither --id nor --oldest',
  });
