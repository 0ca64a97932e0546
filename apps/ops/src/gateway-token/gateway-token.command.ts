import { type Command } from 'commander';
import { generateVAPIDKeys } from 'web-push';
import { z } from 'zod';
import { duration, gatewayTokenSettings, readSettings } from '@app/common/config';
import { issueGatewayToken } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import {
  changeOf,
  checkArguments,
  type Invocation,
  registerVerb,
  type Surroundings,
  userIdField,
} from '../cli';
import { liveUser } from '../user';

const SECOND_MS = 1000;
const LONGEST_TTL_MS = 365 * 86_400_000;

const tokenSchema = z.object({
  user_id: userIdField,
  ttl: duration('1h').refine((ms) => ms >= SECOND_MS && ms <= LONGEST_TTL_MS, 'is not between 1s and 365d'),
});

/** `odo user token` and `odo gateway vapid`: what clients of the push gateway, and its operator, need. */
export function registerGatewayToken(program: Command, surroundings: Surroundings): void {
  const user = program.commands.find((command) => command.name() === 'user');
  if (user === undefined) throw new Error('the command user has to be registered first');
  registerVerb(user, surroundings, {
    usage: 'token <user_id>',
    summary: 'issue a token with which a client of this user may connect to the push gateway',
    example: 'odo user token ann --ttl 12h',
    notes: [
      'Signed with NOTIFICATION_GATEWAY_TOKEN_SECRET (or _FILE), as the gateway has it. Nothing takes a token back',
      'before it ends: keep it short. That it was issued is in the audit; the token itself is kept nowhere.',
    ].join('\n'),
    run: issueToken,
  }).option('--ttl <duration>', 'how long the token is good for (default: 1h)');
  const gateway = program.command('gateway').description('the push gateway');
  registerVerb(gateway, surroundings, {
    usage: 'vapid',
    summary: 'make a pair of VAPID keys for Web Push, as settings',
    example: 'odo gateway vapid',
    notes:
      'Another pair makes every subscription of a browser worthless: make one, and keep the private key.',
    run: async (invocation) => Promise.resolve(makeVapidKeys(invocation)),
  });
}

async function issueToken(invocation: Invocation, userId: string | undefined): Promise<void> {
  const { user_id: id, ttl: ttlMs } = checkArguments(tokenSchema, { user_id: userId }, invocation.options);
  const settings = readSettings(gatewayTokenSettings, invocation.environment);
  const [issued] = await invocation.edit('user.token', async (transaction) => {
    const user = await liveUser(transaction, { user_id: id });
    if (!user.enabled) throw new OdographError('INPUT_INVALID', { detail: `the user ${id} is disabled` });
    return [changeOf(id, user, user)];
  });
  if (issued === undefined) throw new Error('a token was issued and not written down');
  const token = issueGatewayToken(settings.NOTIFICATION_GATEWAY_TOKEN_SECRET, {
    ...{ userId: id, tenantId: issued.tenantId, ttlMs },
  });
  const expiresAt = new Date(Math.ceil((Date.now() + ttlMs) / SECOND_MS) * SECOND_MS);
  invocation.answer({ user_id: id, token, expires_at: expiresAt }, () => `${token}\n`);
}

function makeVapidKeys(invocation: Invocation): void {
  const { publicKey, privateKey } = generateVAPIDKeys();
  invocation.answer(
    { public_key: publicKey, private_key: privateKey },
    () =>
      `NOTIFICATION_WEB_PUSH_VAPID_PUBLIC_KEY=${publicKey}\nNOTIFICATION_WEB_PUSH_VAPID_PRIVATE_KEY=${privateKey}\n`,
  );
}
