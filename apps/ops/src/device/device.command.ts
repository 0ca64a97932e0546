import { type Command } from 'commander';
import { readCsv, registerNoun, registerVerb, checkArguments, type Noun, type Surroundings } from '../cli';
import { registerCommands } from './command-verbs';
import { deviceDraft, deviceKey, type DeviceDraft, type DeviceKey } from './device.schema';
import {
  findDevices,
  listDevices,
  putDevice,
  removeDevice,
  setDeviceEnabled,
  type DeviceRow,
} from './device.service';
import { registerRehydrate } from './rehydrate-verb';

const deviceNoun: Noun<DeviceDraft, DeviceKey, DeviceRow> = {
  name: 'device',
  thing: 'device',
  summary: 'trackers that may send: an IMEI each',
  argument: 'imei',
  columns: [
    { heading: 'IMEI', of: ({ imei }) => imei },
    { heading: 'NAME', of: ({ name }) => name },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'ENABLED', of: ({ enabled }) => enabled },
    { heading: 'UPDATED', of: ({ updated_at: updatedAt }) => updatedAt },
  ],
  draft: deviceDraft,
  key: deviceKey,
  addOptions: (command) =>
    command
      .option('--name <name>', 'shown in notifications; the IMEI when a new device has none')
      .option('--tenant <id>', 'tenant that it belongs to; "default" for a new device'),
  examples: {
    add: 'odo device add 356307042441013 --name "Van 7"',
    show: 'odo device show 356307042441013',
    remove: 'odo device remove 356307042441013',
    import: 'odo device import devices.csv --dry-run',
  },
  addNotes: 'Of a device that is there already, what is left out stays as it is.',
  file: {
    kind: 'CSV',
    notes: [
      'A header row names the columns: imei, name, tenant, enabled. Only imei is needed; an empty cell is left out.',
      'For example:',
      '  imei,name,tenant',
      '  356307042441013,Van 7,default',
    ].join('\n'),
    read: (text) => readCsv(text, deviceDraft, ['imei', 'name', 'tenant', 'enabled']),
    identify: ({ imei }) => imei,
  },
  put: putDevice,
  list: listDevices,
  find: findDevices,
  remove: removeDevice,
};

/** `odo device add|list|show|remove|import`, `enable|disable|rehydrate`, and `send|commands`. */
export function registerDevice(program: Command, surroundings: Surroundings): void {
  const device = registerNoun(program, surroundings, deviceNoun);
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    registerVerb(device, surroundings, {
      usage: `${verb} <imei>`,
      summary: enabled ? 'let a device send again' : 'refuse what a device sends, and keep it in the list',
      example: `odo device ${verb} 356307042441013`,
      run: async (invocation, imei) => {
        const key = checkArguments(deviceKey, { imei }, {});
        const changes = await invocation.edit(`device.${verb}`, async (transaction) => [
          await setDeviceEnabled(transaction, key, enabled),
        ]);
        invocation.answerChanges('device', changes);
      },
    });
  }
  registerRehydrate(device, surroundings);
  registerCommands(device, surroundings);
}
