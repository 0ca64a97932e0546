import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '@app/common/testing';

/** A Redis that a suite may end, start again on its port, and take back to an earlier time. */
export class OwnRedis {
  private constructor(
    private readonly folder: string,
    private server: RedisServer,
  ) {}

  static async start(): Promise<OwnRedis> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-redis-'));
    return new OwnRedis(folder, await startRedis({ ...optionsIn(folder) }));
  }

  get url(): string {
    return this.server.url;
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** SIGKILL. What Redis has answered it has written, so this takes nothing away that the kernel keeps. */
  async kill(): Promise<void> {
    await this.server.kill();
  }

  async startAgain(): Promise<void> {
    this.server = await startRedis({ ...optionsIn(this.folder), port: this.server.port });
  }

  /** Keeps what is there now for {@link forget}. */
  remember(): void {
    cpSync(dataIn(this.folder), this.backup, { recursive: true });
  }

  /** Dies, and comes back without what came after {@link remember}: as from a disk that had not been written. */
  async forget(): Promise<void> {
    await this.server.kill();
    rmSync(dataIn(this.folder), { recursive: true });
    cpSync(this.backup, dataIn(this.folder), { recursive: true });
    await this.startAgain();
  }

  async end(): Promise<void> {
    await this.server.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get backup(): string {
    return join(this.folder, 'backup');
  }
}

const dataIn = (folder: string): string => join(folder, 'redis');

const optionsIn = (folder: string) => ({ dir: dataIn(folder), appendfsync: 'everysec' }) as const;
