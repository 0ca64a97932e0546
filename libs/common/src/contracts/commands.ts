import { z } from 'zod';
import { imeiSchema } from './telemetry';

/** Commands to devices and their answers: names and fields of the streams that carry them. */

/** Where a device's connection is: a hash of instance and session epoch. One slot per device, with its commands. */
export const connectionKey = (imei: string): string => `connection:{${imei}}`;

/** A device's commands, oldest first, until one session hands them out: the one place that says what is to be sent. */
export const deviceCommandsStream = (imei: string): string => `commands:device:{${imei}}`;
/** Reads a device's commands, with the session epoch as owner's epoch. */
export const COMMAND_GROUP = 'edge';

/** Notes to one edge instance; what they tell is in the registry and the device's stream, so a lost one costs time. */
export const outboundStream = (instance: string): string => `commands:outbound:{${instance}}`;
/** Newest notes that an outbound stream keeps. */
export const OUTBOUND_KEPT = 1_000;

/** What became of commands, and what devices said unasked. */
export const COMMAND_RESPONSES = 'commands:responses';
/** Writes outcomes into the record of commands and the audit. */
export const COMMAND_RECORD_GROUP = 'ops';

/** The frames that a text command can travel in; 14 names the IMEI, and another device refuses it. */
export const COMMAND_CODECS = ['12', '14'] as const;
export type CommandCodec = (typeof COMMAND_CODECS)[number];

/** What one frame carries and a device's parser takes: printable ASCII. */
export const commandTextSchema = z
  .string()
  .regex(/^[\x20-\x7e]{1,500}$/, 'has to be 1 to 500 printable ASCII characters');

const milliseconds = z.string().regex(/^\d{1,15}$/);

/** The fields of an entry of a device's command stream; all strings on the wire. */
export const deviceCommandSchema = z.object({
  v: z.string(),
  traceparent: z.string(),
  command_id: z.uuid(),
  imei: imeiSchema,
  codec: z.enum(COMMAND_CODECS),
  text: commandTextSchema,
  /** How long the device may take to answer, from the frame's last byte. */
  timeout_ms: milliseconds,
  /** Not handed to a device after this instant. */
  expires_at_ms: milliseconds,
});
export type DeviceCommandFields = z.infer<typeof deviceCommandSchema>;

/** The fields of a note: `command` = look into the device's commands; `replaced` = its connection is elsewhere now. */
export const outboundNoteSchema = z.object({
  v: z.string(),
  kind: z.enum(['command', 'replaced']),
  imei: imeiSchema,
  /** Of the session that the note is about; with `replaced` only. */
  epoch: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
});
export type OutboundNote = z.infer<typeof outboundNoteSchema>;

/**
 * sent: with the operating system, on its way. answered, nacked: the device's word. expired, failed: it never was and
 * never will be written. unknown: it was written, or may have been, and nothing is known of what the device did: such a
 * command is not sent again, for a device does not tell a repeat from a second command. unsolicited: a message that
 * answers no command.
 */
export const COMMAND_OUTCOMES = [
  'sent',
  'answered',
  'nacked',
  'expired',
  'unknown',
  'failed',
  'unsolicited',
] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

/** The fields of a `commands:responses` entry but `payload`, which is the message's raw bytes. */
export const commandResponseSchema = z.object({
  v: z.string(),
  traceparent: z.string(),
  outcome: z.enum(COMMAND_OUTCOMES),
  imei: imeiSchema,
  instance: z.string(),
  /** On the edge's clock. */
  at_ms: milliseconds,
  /** Absent with `unsolicited` only. */
  command_id: z.uuid().optional(),
  /** Codec 12 to 15 and message type of what the device sent. */
  codec: z.string().optional(),
  type: z.string().optional(),
  /** What a codec 13 or 15 message says of its time. */
  device_time_ms: milliseconds.optional(),
  /** One sentence, where the outcome alone does not say why. */
  reason: z.string().optional(),
});
export type CommandResponseFields = z.infer<typeof commandResponseSchema>;
