import { type Command } from 'commander';
import { OdographError } from '@app/common/errors';
import { findRunningStack, registerVerb, type Surroundings } from '../cli';

/** `odo env`: where the running stack listens, as JSON alone, for people and scripts. */
export function registerEnv(program: Command, surroundings: Surroundings): void {
  registerVerb(program, surroundings, {
    usage: 'env',
    summary: 'print as JSON where the running stack listens; exits 1 when none runs',
    example: 'odo env',
    notes: 'Database and Redis URLs, host and port of the edge, and the probe port of each app.',
    run: async (invocation) => {
      const stack = await findRunningStack(invocation.directory);
      if (stack === undefined) {
        throw new OdographError('SERVER_UNAVAILABLE', {
          detail: 'no stack runs in this folder (`npm run demo -- --keep` starts one)',
        });
      }
      invocation.answer(stack, () => `${JSON.stringify(stack, null, 2)}\n`);
    },
  });
}
