import { type Command } from 'commander';
import { registerVerb, type Surroundings } from '../cli';
import { SENDABLE_TYPES } from './intent.schema';
import { registerMalformed } from './malformed.command';
import { send } from './send';
import { validate } from './validate';

/** `odo intent send|validate|malformed`: notifications that are asked for. */
export function registerIntent(program: Command, surroundings: Surroundings): void {
  const intent = program
    .command('intent')
    .description('ask for notifications, and look at what was not accepted');
  registerVerb(intent, surroundings, {
    usage: 'send <type>',
    summary: 'ask for a notification, through the outbox',
    example: 'odo intent send vehicle.sos --to ann bob --payload sos.json',
    notes:
      `Types: ${SENDABLE_TYPES.join(', ')}.\n` +
      'The payload is checked against the type before anything is sent. A payload of a vehicle without an event_id gets one.\n' +
      'The same --key again is refused: the notification that has it is named.',
    run: send,
  })
    .option(
      '--to <user...>',
      'users, where the type is for users; administrators are a matter of the configuration',
    )
    .requiredOption('--payload <file>', 'JSON file with what the type asks for; - reads standard input')
    .option('--subject <text>', 'what it is about: an IMEI (default: that of the payload)')
    .option('--key <key>', 'idempotency key (default: a new one)')
    .option('--occurred-at <moment>', 'when it happened (default: now)')
    .option('--tenant <id>', 'tenant of the users (default: "default")')
    .option('--dry-run', 'check all of it and send nothing');
  registerVerb(intent, surroundings, {
    usage: 'validate <file>',
    summary: 'tell what the intake would say to the intents of a file; status 1 where it refuses any',
    example: 'odo intent validate intents.jsonl',
    notes:
      'One JSON object of stream fields a line, or one JSON array of them; - reads standard input. Without v and event_id\n' +
      'it is a draft, as producers hand it to the outbox. Neither database nor streams are asked.',
    run: validate,
  });
  registerMalformed(intent, surroundings);
}
