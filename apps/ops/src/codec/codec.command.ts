import { type Command } from 'commander';
import { z } from 'zod';
import { CodecError, familyOf } from '@app/teltonika-codec';
import { registerVerb, type Invocation, type Surroundings } from '../cli';
import { jsonOf } from './frame-text';
import { bytesOf } from './json-packet';
import { linesOf } from './lines';

/** 64 KiB of command frame as hex, and much more than the JSON of any frame of a device. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;

const optionsSchema = z.object({ udp: z.boolean().default(false), family: z.string().optional() });

const DECODE_NOTES =
  'Reads one frame a line as hex: AVL frames of codec 8, 8E, 16 and 7, commands of codec 12 to 15, logins.\n' +
  'Coordinates are in degrees; values of 1, 2 and 4 bytes are unsigned numbers, of 8 bytes decimal strings, of\n' +
  'variable length hex. A refused frame is {"error":{"code","message"}}, the rest is still read, and the status is 1.\n' +
  'Of a datagram every channel packet is a line.\n' +
  'ioSizes and ioTotal appear where the way back could not know them. Ids keep the order of the frame.';
const ENCODE_NOTES =
  'Reads the lines that `odo codec decode` writes and writes the frames as hex, the same bytes as before.\n' +
  'A named object is not looked at. Codec 7 is only read.';

/** Writes answers; false when the command should end with status 1. */
type LineWork = (line: string) => readonly string[];

/** `odo codec`: frames as hex to JSON and back, line by line. */
export function registerCodec(
  program: Command,
  surroundings: Surroundings,
  input: () => AsyncIterable<Buffer | string> = () => process.stdin,
): void {
  const codec = program.command('codec').description('decode frames of trackers, and encode them');
  registerVerb(codec, surroundings, {
    usage: 'decode',
    summary: 'turn frames, one a line as hex on stdin, into JSON',
    example: 'echo 000f333536333037303432343431303133 | odo codec decode',
    notes: DECODE_NOTES,
    run: (invocation) => {
      const { udp, family } = optionsSchema.parse(invocation.options);
      const naming = family === undefined ? {} : { naming: { family: familyOf(family) } };
      const work: LineWork = (line) => jsonOf(fromHex(line), { isUdp: udp, ...naming });
      return answerLines(surroundings, invocation, input(), work);
    },
  })
    .option('--udp', 'the lines are UDP datagrams')
    .option(
      '--family <family>',
      'name and scale values as this family or model has them: FMB, PRO, TAT, FT, FMC130 …',
    );
  registerVerb(codec, surroundings, {
    usage: 'encode',
    summary: 'turn JSON, one packet a line on stdin, into frames as hex',
    example: `echo '{"kind":"login","imei":"356307042441013"}' | odo codec encode`,
    notes: ENCODE_NOTES,
    run: (invocation) =>
      answerLines(surroundings, invocation, input(), (line) => [bytesOf(line).toString('hex')]),
  });
}

async function answerLines(
  { terminal }: Surroundings,
  invocation: Invocation,
  input: AsyncIterable<Buffer | string>,
  work: LineWork,
): Promise<void> {
  let hasRefused = false;
  const refuse = (code: string, message: string): string => {
    hasRefused = true;
    return JSON.stringify({ error: { code, message } });
  };
  for await (const line of linesOf(input, MAX_LINE_CHARACTERS)) {
    if (typeof line !== 'string') {
      terminal.out(`${refuse('INPUT_INVALID', 'the line is longer than any frame')}\n`);
      continue;
    }
    if (line.trim() === '') continue;
    for (const answer of answersTo(line.trim(), work, refuse)) terminal.out(`${answer}\n`);
  }
  if (hasRefused) invocation.failQuietly();
}

function answersTo(
  line: string,
  work: LineWork,
  refuse: (code: string, message: string) => string,
): readonly string[] {
  try {
    return work(line);
  } catch (error) {
    if (error instanceof CodecError) return [refuse(error.code, error.message)];
    if (error instanceof z.ZodError) return [refuse('INPUT_INVALID', describe(error))];
    if (error instanceof SyntaxError) return [refuse('INPUT_INVALID', `not JSON: ${error.message}`)];
    throw error;
  }
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
    .join('; ');
}

function fromHex(line: string): Buffer {
  if (/^([0-9a-fA-F]{2})+$/.test(line)) return Buffer.from(line, 'hex');
  throw new z.ZodError([{ code: 'custom', path: [], message: 'not hexadecimal bytes', input: undefined }]);
}
