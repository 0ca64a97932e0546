import { z } from 'zod';

export const whySchema = z.object({
  id: z.string().trim().min(1, 'is empty').max(600, 'is longer than 600 characters'),
  full: z.boolean().default(false),
});
