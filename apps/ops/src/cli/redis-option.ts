import { type Command } from 'commander';

/** The option of every command that works on the streams. */
export const redisOption = (command: Command): Command =>
  command.option('--redis-url <url>', 'Redis to work on (default: REDIS_URL, else the running stack)');
