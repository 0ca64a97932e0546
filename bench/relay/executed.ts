import { type ChainableCommander } from 'ioredis';

/** Sends a pipeline. @throws Error of the first command that the server refused. */
export async function executed(pipeline: ChainableCommander): Promise<void> {
  for (const [error] of (await pipeline.exec()) ?? []) {
    if (error !== null) throw error;
  }
}
