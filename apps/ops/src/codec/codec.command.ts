import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { type Command } from 'commander';
import { CodecError } from '@app/teltonika-codec';
import { type Surroundings } from '../cli';
import { frameFromHex, frameToJson } from './frame-json';

/** `odo codec decode`: frames in hexadecimal on stdin, one a line; one JSON object a line on stdout. */
export function registerCodec(
  program: Command,
  { terminal }: Surroundings,
  input: Readable = process.stdin,
): void {
  program
    .command('codec')
    .description('what frames say')
    .command('decode')
    .description('decode frames in hexadecimal, one a line on stdin, into one JSON object a line')
    .addHelpText(
      'after',
      '\nA refused frame becomes {"error":{"code","message"}} and makes the exit status 1; the rest is still read.' +
        '\n\nExample:\n  odo codec decode < frames.hex',
    )
    .action(async () => {
      let isAllGood = true;
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        if (line.trim() === '') continue;
        const answer = decodeLine(line);
        isAllGood &&= !('error' in answer);
        terminal.out(`${JSON.stringify(answer)}\n`);
      }
      if (!isAllGood) process.exitCode = 1;
    });
}

function decodeLine(line: string): Record<string, unknown> {
  try {
    return frameToJson(frameFromHex(line));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}
