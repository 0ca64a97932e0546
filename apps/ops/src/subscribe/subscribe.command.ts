import { type Command } from 'commander';
import { EVENT_KINDS } from '@app/common/contracts';
import { checkArguments, readCsv, registerNoun, registerVerb, type Noun, type Surroundings } from '../cli';
import { subscriptionDraft, subscriptionsOfUser, type SubscriptionDraft } from './subscribe.schema';
import {
  listSubscriptions,
  putSubscription,
  removeSubscription,
  setSubscriptions,
  subscriptionsOf,
  type SubscriptionRow,
} from './subscribe.service';

const FILE_COLUMNS = ['user_id', 'device', 'kind', 'tenant'];

const tenantOption = (command: Command): Command =>
  command.option('--tenant <id>', 'tenant of user and device (default: "default")');

const identityOptions = (command: Command): Command =>
  tenantOption(
    command
      .option('--device <imei>', 'of this device (default: of every device of the tenant)')
      .option('--kind <kind>', `events of this kind (default: all): ${EVENT_KINDS.join(', ')}`),
  );

const subscriptionNoun: Noun<SubscriptionDraft, SubscriptionDraft, SubscriptionRow> = {
  name: 'subscribe',
  thing: 'subscription',
  summary: 'who is told of which events',
  argument: 'user_id',
  columns: [
    { heading: 'USER', of: ({ user_id: userId }) => userId },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'DEVICE', of: ({ device }) => device ?? 'all' },
    { heading: 'KIND', of: ({ kind }) => kind ?? 'all' },
    { heading: 'SINCE', of: ({ created_at: createdAt }) => createdAt },
  ],
  draft: subscriptionDraft,
  key: subscriptionDraft,
  addOptions: identityOptions,
  showOptions: tenantOption,
  removeOptions: identityOptions,
  examples: {
    add: 'odo subscribe add ann --device 356307042441013 --kind overspeed.started',
    show: 'odo subscribe show ann',
    remove: 'odo subscribe remove ann --device 356307042441013 --kind overspeed.started',
    import: 'odo subscribe import subscriptions.csv',
  },
  addNotes: 'Somebody whom several subscriptions cover is told of an event once.',
  file: {
    kind: 'CSV',
    notes: [
      `A header row names the columns: ${FILE_COLUMNS.join(', ')}. An empty device or kind is all of them.`,
      'For example:',
      '  user_id,device,kind',
      '  ann,,geofence.entered',
    ].join('\n'),
    read: (text) => readCsv(text, subscriptionDraft, FILE_COLUMNS),
    identify: ({ tenant, user_id: userId, device, kind }) => JSON.stringify([tenant, userId, device, kind]),
  },
  showsMany: true,
  put: putSubscription,
  list: listSubscriptions,
  find: subscriptionsOf,
  remove: removeSubscription,
};

/** `odo subscribe add|set|list|show|remove|import`. */
export function registerSubscribe(program: Command, surroundings: Surroundings): void {
  const command = registerNoun(program, surroundings, subscriptionNoun);
  tenantOption(
    registerVerb(command, surroundings, {
      usage: 'set <user-id>',
      summary: 'make these the only subscriptions of a user: what else there is, is removed',
      example: 'odo subscribe set ann --kind geofence.entered geofence.exited',
      notes: 'Several devices and kinds are subscribed each with each.',
      run: async (invocation, userId) => {
        const wanted = checkArguments(subscriptionsOfUser, { user_id: userId }, invocation.options);
        const changes = await invocation.edit('subscribe.set', (tx) => setSubscriptions(tx, wanted));
        invocation.answerChanges('subscription', changes);
      },
    })
      .option('--device <imei...>', 'of these devices (default: of every device of the tenant)')
      .option('--kind <kind...>', `events of these kinds (default: all): ${EVENT_KINDS.join(', ')}`),
  );
}
