import { z } from 'zod';
import { duration, integer, oneOf, settingGroup, type SettingsOf } from '@app/common/config';
import { type RetryLimits } from './lines';
import { RETRY_STRATEGIES } from './strategy';

const factor = (fallback: number, { min, max }: { min: number; max: number }) =>
  z.coerce.number('is no number').min(min, `is below ${min}`).max(max, `is above ${max}`).default(fallback);

/** How the relay treats what could not be published at once. */
export const retrySettings = settingGroup(['RELAY_'], {
  RELAY_RETRY_STRATEGY: oneOf(RETRY_STRATEGIES, 'exponential').describe(
    'How the waits between attempts on a refused message grow: none (no further attempt), constant, linear, exponential.',
  ),
  RELAY_RETRY_DELAY: duration('1s').describe('Wait after the first refusal.'),
  RELAY_RETRY_STEP: duration('1s').describe('What each further wait is longer by; linear only.'),
  RELAY_RETRY_MULTIPLIER: factor(2, { min: 1, max: 10 }).describe(
    'What each further wait is multiplied by; exponential only.',
  ),
  RELAY_RETRY_MAX_DELAY: duration('300s').describe('Longest wait between two attempts.'),
  RELAY_RETRY_ATTEMPTS: integer(10, { min: 0, max: 100_000 }).describe(
    'Refusals after which a message is given up to outbox.dead_letter; 0 for no limit.',
  ),
  RELAY_RETRY_TOTAL_TIME: duration('0s').describe(
    'Time since the first attempt after which a refused message is given up; 0s for no limit.',
  ),
  RELAY_RETRY_JITTER: factor(0.2, { min: 0, max: 1 }).describe(
    'Part of a wait that is left to chance: 0.2 makes it a tenth shorter to a tenth longer.',
  ),
  RELAY_RETRY_BATCH: integer(200, { min: 1, max: 1000 }).describe(
    'Most rows of outbox.retry that are claimed of one part in one turn.',
  ),
  RELAY_MAX_DELIVERIES: integer(20, { min: 1, max: 100_000 }).describe(
    'Claims after which a message is given up without another attempt: a relay that dies with it each time counts here. Above RELAY_RETRY_ATTEMPTS.',
  ),
});

export function retryLimitsOf(settings: SettingsOf<typeof retrySettings>): RetryLimits {
  return {
    strategy: {
      strategy: settings.RELAY_RETRY_STRATEGY,
      delayMs: settings.RELAY_RETRY_DELAY,
      stepMs: settings.RELAY_RETRY_STEP,
      multiplier: settings.RELAY_RETRY_MULTIPLIER,
      maxDelayMs: settings.RELAY_RETRY_MAX_DELAY,
      maxAttempts: settings.RELAY_RETRY_ATTEMPTS,
      maxTotalMs: settings.RELAY_RETRY_TOTAL_TIME,
      jitter: settings.RELAY_RETRY_JITTER,
    },
    maxDeliveries: settings.RELAY_MAX_DELIVERIES,
  };
}
