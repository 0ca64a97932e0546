import { z } from 'zod';

/** Why an operator does what cannot be undone. */
export const reasonField = z
  .string('is missing')
  .trim()
  .min(3, 'is shorter than 3 characters')
  .max(500, 'is longer than 500');
