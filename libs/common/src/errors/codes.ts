/**
 * The one table of errors. Each entry says what happened; `action` tells the person who reads it what to do.
 * docs/reference/errors.md is generated from it.
 */
export const ERROR_TABLE = {
  CONFIG_INVALID: {
    message: 'A setting is missing or wrong',
    action: 'Correct the setting that is named; `--check-config` checks without starting.',
  },
  CONFIG_UNKNOWN_KEY: {
    message: 'A setting that Odograph does not know',
    action: 'Correct its spelling or remove it; docs/reference/configuration.md lists all settings.',
  },
  CONFIG_REPLACED_KEY: {
    message: 'A setting that is not supported any more',
    action: 'Remove it, and set what is named instead.',
  },
  REDIS_UNREACHABLE: {
    message: 'Redis does not answer',
    action: 'Check REDIS_URL, that the server runs, and that this host may reach it.',
  },
  REDIS_NOT_DURABLE: {
    message: 'Redis would lose acknowledged records',
    action: 'Set `appendonly yes` and `maxmemory-policy noeviction` on the Redis server.',
  },
  POSTGRES_UNREACHABLE: {
    message: 'PostgreSQL does not answer',
    action: 'Check DATABASE_URL, that the server runs, and that this host may reach it.',
  },
  POSTGRES_UNSUITABLE: {
    message: 'PostgreSQL is not set up as Odograph needs it',
    action:
      'Use PostgreSQL 17 or newer and leave the settings of the application roles as `odo migrate up` made them.',
  },
  SCHEMA_MISMATCH: {
    message: 'The database schema is not the one that this version needs',
    action: 'Run `odo migrate status`, then `odo migrate up` before starting this version.',
  },
  CONTRACT_MISMATCH: {
    message: 'A live writer uses a contract version that this reader refuses',
    action: 'Upgrade this reader first, or roll the writer back.',
  },
  SHARDS_MISMATCH: {
    message: 'TELEMETRY_SHARDS is not the number of shards that this deployment has',
    action: 'Set TELEMETRY_SHARDS to the recorded number; `odo shards reshard` changes that number.',
  },
  LEASE_LOST: {
    message: 'The lease on this shard or part belongs to somebody else now',
    action: 'Nothing to do: the new owner carries on. Seen often, look for pauses of this process.',
  },
  STATE_CONFLICT: {
    message: 'The state of a device changed while it was being settled',
    action: 'Nothing to do: the batch comes again. Seen often, look for two owners of one shard.',
  },
  TRANSACTION_REQUIRED: {
    message: 'An outbox message was appended outside a transaction',
    action: 'Call it inside `database.transaction(...)`, together with the change that it tells of.',
  },
  OUTBOX_MESSAGE_INVALID: {
    message: 'An outbox message does not fit its contract',
    action: 'Correct the producer: the contract catalog names the topic, type and fields.',
  },
  OUTBOX_CURSOR_AHEAD: {
    message: 'Redis or the cursor is ahead of what the outbox holds: this database was restored or promoted',
    action:
      'Run `odo outbox rebase` as docs/operations/troubleshooting.md#cursor-ahead says; nothing of the part is published before.',
  },
  DATABASE_BEHIND: {
    message: 'The database is at an earlier place than was seen before: it was restored or promoted',
    action:
      'Nothing at first: what its streams still hold (REWIND_WINDOW) is read again. What was stored longer before the restore than that is in no stream.',
  },
  STREAM_BEHIND: {
    message: 'Redis has lost the end of a stream: it was restored, or failed over to a replica that lagged',
    action:
      'Read `ops.stream_loss` for the devices and ranges; with REDIS_FSYNC=always and REDIS_WAIT_REPLICAS nothing acknowledged is lost.',
  },
  STREAM_REFUSED: {
    message: 'Redis refused a stream command',
    action: 'Read the cause: memory full, a read-only replica or a key of another type.',
  },
  FRAME_UNDECODABLE: {
    message: 'A frame with a good checksum does not decode',
    action:
      'Look at its bytes in the dead-letter stream and decode them with `odo codec`; report it with the model.',
  },
  UNKNOWN_DEVICE: {
    message: 'The device is not registered',
    action: 'Add it with `odo device add`, or let EDGE_UNKNOWN_DEVICES enroll it.',
  },
  CRC_REPEATED: {
    message: 'A device sent the same frame with a bad checksum again and again',
    action: 'Look at its bytes in the dead-letter stream; suspect the firmware if it keeps happening.',
  },
  RECORD_REJECTED: {
    message: 'The database refuses a record',
    action: 'Read the constraint in the dead letter; correct the data or the schema, then replay it.',
  },
  RECORD_EXPIRED: {
    message: 'A record is older than what is kept',
    action: 'Raise POSITION_RETENTION if such old records should be stored.',
  },
  INTENT_MALFORMED: {
    message: 'An intent does not fit the catalog',
    action: 'Correct its producer; the raw fields are in notification.malformed_intent.',
  },
  TEMPLATE_INVALID: {
    message: 'A notification template and what it is to tell do not fit',
    action: 'Correct what is named: the texts of the template, or the payload of its notification type.',
  },
  USER_SERVICE_UNAVAILABLE: {
    message: 'The user service does not say who a recipient is',
    action:
      'Check NOTIFICATION_USER_SERVICE_BASE_URL and the service; nothing is lost, what needs it waits (notification_waiting_records).',
  },
  STILL_IN_USE: {
    message: 'What is to be changed is in use',
    action: 'Stop what is named, let it finish, and run the command again.',
  },
  NOT_FOUND: {
    message: 'There is no such thing',
    action: 'List what exists with the `list` command of the same noun.',
  },
  WRONG_STATE: {
    message: 'What is named is not in a state in which that can be done',
    action:
      'Look at it with the `show` command of the same noun; where nothing names one, nothing is to be done.',
  },
  ALREADY_EXISTS: {
    message: 'There is one of that name already',
    action: 'Choose another name, or remove the old one first.',
  },
  INPUT_INVALID: {
    message: 'The input does not fit',
    action: 'Correct what is named and run the command again.',
  },
  SERVER_UNAVAILABLE: {
    message: 'A server that was to be started is not there or did not come up',
    action: 'Install what is named, or set DATABASE_URL and REDIS_URL to running servers.',
  },
} as const;

export type ErrorCode = keyof typeof ERROR_TABLE;
