import { Command } from 'commander';
import { registerCodec } from './codec';
import { registerDevice } from './device';
import { registerDlq } from './dlq';
import { registerEnv } from './env';
import { registerEvent } from './event';
import { registerFleetCommand } from './fleet';
import { registerGatewayToken } from './gateway-token';
import { registerGeofence } from './geofence';
import { reportFailure, usageLine, type Surroundings } from './cli';
import { registerIntent } from './intent';
import { registerMail } from './mail';
import { registerMigrate } from './migrate';
import { registerNotification } from './notification';
import { registerOutbox } from './outbox';
import { registerPartitions } from './partitions';
import { registerPosition } from './position';
import { registerPreference } from './preference';
import { registerRoute } from './route';
import { registerRule } from './rule';
import { registerSchema } from './schema';
import { registerShards } from './shards';
import { registerStreams } from './streams';
import { registerSubscribe } from './subscribe';
import { registerTemplate } from './template';
import { registerUser } from './user';

/** Runs one command line and resolves to its exit status: 0, 1 where it failed, 2 where what was given is wrong. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  const program = commandLine(surroundings);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, terminal, args.includes('--debug'));
  }
}

function commandLine(surroundings: Surroundings): Command {
  const { terminal } = surroundings;
  const program = new Command('odo')
    .description(
      'Runs and looks after Odograph: its schema, its devices, rules and people, and its simulator.',
    )
    .option('--database-url <url>', 'PostgreSQL to work on (default: DATABASE_URL, else the running stack)')
    .option('--actor <name>', 'who does this, for the audit (default: user@host)')
    .option('--json', 'answer as JSON')
    .option('--debug', 'show where an error comes from')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (message, write) => write(usageLine(message)),
    })
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  odo migrate up --database-url postgres://owner@localhost/odograph\n' +
        '  odo device add 356307042441013 --name "Van 7"\n' +
        '  odo device --help',
    )
    .exitOverride();
  registerEnv(program, surroundings);
  registerMigrate(program, surroundings);
  registerSchema(program, surroundings);
  registerDevice(program, surroundings);
  registerGeofence(program, surroundings);
  registerRule(program, surroundings);
  registerUser(program, surroundings);
  registerGatewayToken(program, surroundings);
  registerPreference(program, surroundings);
  registerSubscribe(program, surroundings);
  registerIntent(program, surroundings);
  registerRoute(program, surroundings);
  registerNotification(program, surroundings);
  registerPosition(program, surroundings);
  registerEvent(program, surroundings);
  registerPartitions(program, surroundings);
  registerShards(program, surroundings);
  registerStreams(program, surroundings);
  registerDlq(program, surroundings);
  registerOutbox(program, surroundings);
  registerTemplate(program, surroundings);
  registerMail(program, surroundings);
  registerCodec(program, surroundings);
  registerFleetCommand(program);
  return program;
}
