import { type Command } from 'commander';
import { redisOption, registerVerb, type Surroundings } from '../cli';
import { registerNotificationDlq } from './dlq.command';
import { stats } from './stats';
import { why } from './why';

/** `odo notification why|stats|dlq` */
export function registerNotification(program: Command, surroundings: Surroundings): void {
  const notification = program
    .command('notification')
    .description('what became of notifications, and why; those that were given up');
  redisOption(
    registerVerb(notification, surroundings, {
      usage: 'why <id>',
      summary: 'tell why somebody was told, or was not: every attempt and every decision, with its time',
      example: 'odo notification why 2c1f0d7e-5a3b-5c4d-8e9f-0a1b2c3d4e5f',
      notes:
        'The id is that of a notification, of a route, of an event, or an idempotency key. Preferences, quiet hours, throttles\n' +
        'and newer events are named as they were when they decided. IMEIs are masked unless --full. Without Redis it tells\n' +
        'all but whether the published entry is still there.',
      run: why,
    }),
  ).option('--full', 'show IMEIs as they are');
  registerVerb(notification, surroundings, {
    usage: 'stats',
    summary:
      'count routes by channel, lane and state, what waits for its users, dead letters and malformed intents',
    example: 'odo notification stats',
    notes: 'Whatever is open counts; of what is settled or malformed, what came in the last day.',
    run: stats,
  }).option('--since <moment>', 'what is settled or malformed: from then on (default: a day ago)');
  registerNotificationDlq(notification, surroundings);
}
