import { z } from 'zod';
import { duration, integer, settingGroup, type SettingsOf } from '@app/common/config';

const ANY_ORIGIN = '*';

const isOrigin = (text: string): boolean =>
  text === ANY_ORIGIN || (URL.canParse(text) && new URL(text).origin === text);

/** The push gateway: who may connect, how many, and how much is kept for those who read slowly. */
export const gatewaySettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_GATEWAY_ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((text, context): readonly string[] => {
      const origins = text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== '');
      if (origins.every(isOrigin)) return origins;
      context.addIssue({ code: 'custom', message: 'is no list of origins such as https://app.example.org' });
      return z.NEVER;
    })
    .describe(
      'Origins of the pages that may connect, comma-separated, or `*` for any. Clients that are no browsers send none and are let in by their token alone.',
    ),
  NOTIFICATION_GATEWAY_MAX_CONNECTIONS: integer(10_000, { min: 1, max: 1_000_000 }).describe(
    'Most WebSockets of one process.',
  ),
  NOTIFICATION_GATEWAY_MAX_CONNECTIONS_PER_USER: integer(10, { min: 1, max: 10_000 }).describe(
    'Most WebSockets of one user at one process.',
  ),
  NOTIFICATION_GATEWAY_UPGRADES_PER_SECOND: integer(200, { min: 1, max: 100_000 }).describe(
    'WebSockets that one process opens in a second; more are told to come back later.',
  ),
  NOTIFICATION_GATEWAY_PING_INTERVAL: duration('30s').describe(
    'How often a WebSocket is pinged; one that has not answered by the next ping is ended.',
  ),
  NOTIFICATION_GATEWAY_DRAIN_TIMEOUT: duration('5s').describe(
    'How long a stop waits for what is queued to go out.',
  ),
  NOTIFICATION_GATEWAY_BACKPRESSURE_BYTES: integer(262_144, { min: 1024, max: 67_108_864 }).describe(
    'Bytes written and not taken by the client at which nothing more is written to it and events of one kind and subject replace one another.',
  ),
  NOTIFICATION_GATEWAY_QUEUE_EVENTS: integer(1000, { min: 1, max: 100_000 }).describe(
    'Most events kept for a client that reads slowly; with more it is disconnected, and resumes from its last cursor.',
  ),
  NOTIFICATION_GATEWAY_RECENT_EVENTS: integer(20_000, { min: 0, max: 1_000_000 }).describe(
    'Newest events kept in memory, so that clients that come back soon need nothing read for them.',
  ),
});
export type GatewaySettings = SettingsOf<typeof gatewaySettings>;

export function allowsOrigin(allowed: readonly string[], origin: string | undefined): boolean {
  return origin === undefined || allowed.includes(ANY_ORIGIN) || allowed.includes(origin);
}
