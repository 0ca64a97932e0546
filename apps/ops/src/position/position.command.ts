import { type Command } from 'commander';
import { type Surroundings } from '../cli';
import { registerFlagVerbs } from './flag-verbs';

/** `odo position flag|unflag`. */
export function registerPosition(program: Command, surroundings: Surroundings): void {
  const position = program.command('position').description('what devices have sent, as it is stored');
  registerFlagVerbs(position, surroundings);
}
