import { Foundation1790000000001 } from './0001-foundation';
import { Commands1790000000002 } from './0002-commands';
import { PositionDecoded1790000000003 } from './0003-position-decoded';
import { Operators1790000000004 } from './0004-operators';
import { Ingest1790000000005 } from './0005-ingest';
import { PositionFaulty1790000000006 } from './0006-position-faulty';
import { OutboxRetry1790000000007 } from './0007-outbox-retry';
import { OutboxDeadLetter1790000000008 } from './0008-outbox-dead-letter';
import { DeadLetterMonths1790000000009 } from './0009-dead-letter-months';
import { EventLedger1790000000010 } from './0010-event-ledger';
import { OutboxRetryLookups1790000000011 } from './0011-outbox-retry-lookups';
import { EventHidden1790000000012 } from './0012-event-hidden';
import { SpeedUnknown1790000000013 } from './0013-speed-unknown';
import { Notification1790000000014 } from './0014-notification';
import { Intake1790000000015 } from './0015-intake';
import { NotificationSink1790000000016 } from './0016-notification-sink';
import { Mail1790000000017 } from './0017-mail';
import { WebPush1790000000018 } from './0018-web-push';
import { NotificationOperators1790000000019 } from './0019-notification-operators';
import { NotificationRetention1790000000020 } from './0020-notification-retention';

/**
 * All migrations, oldest first. TypeORM orders them by the number at the end of their names. One that was released is
 * never edited: apps compare the names of what is applied with this list before they start.
 */
export const MIGRATIONS = [
  Foundation1790000000001,
  Commands1790000000002,
  PositionDecoded1790000000003,
  Operators1790000000004,
  Ingest1790000000005,
  PositionFaulty1790000000006,
  OutboxRetry1790000000007,
  OutboxDeadLetter1790000000008,
  DeadLetterMonths1790000000009,
  EventLedger1790000000010,
  OutboxRetryLookups1790000000011,
  EventHidden1790000000012,
  SpeedUnknown1790000000013,
  Notification1790000000014,
  Intake1790000000015,
  NotificationSink1790000000016,
  Mail1790000000017,
  WebPush1790000000018,
  NotificationOperators1790000000019,
  NotificationRetention1790000000020,
];

export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((Migration) => new Migration().name);
