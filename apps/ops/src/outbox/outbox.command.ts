import { type Command } from 'commander';
import { type Surroundings } from '../cli';
import { registerAudit } from './audit-command';

/** `odo outbox audit`. */
export function registerOutbox(program: Command, surroundings: Surroundings): void {
  const command = program.command('outbox').description('the messages on their way to the streams');
  registerAudit(command, surroundings);
}
