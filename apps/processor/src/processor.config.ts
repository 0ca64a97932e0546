import { z } from 'zod';
import { settingGroup } from '@app/common/config';

/** What a processor can do; edge pods and ingest pods may scale apart. */
export const PROCESSOR_FEATURES = ['edge', 'ingest'] as const;
export type ProcessorFeature = (typeof PROCESSOR_FEATURES)[number];

const isFeature = (name: string): name is ProcessorFeature =>
  (PROCESSOR_FEATURES as readonly string[]).includes(name);

export const processorSettings = settingGroup(['PROCESSOR_'], {
  PROCESSOR_FEATURES: z
    .string()
    .default(PROCESSOR_FEATURES.join(','))
    .transform((text, context): ProcessorFeature[] => {
      const names = text.split(',').map((name) => name.trim());
      if (names.every(isFeature)) return names;
      context.addIssue({ code: 'custom', message: `is no list of ${PROCESSOR_FEATURES.join(', ')}` });
      return z.NEVER;
    })
    .describe('Features of this process, comma-separated. An edge alone needs Redis and no PostgreSQL.'),
});
