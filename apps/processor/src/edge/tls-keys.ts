import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describeError, OdographError } from '@app/common/errors';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { TlsDoor, type KeyPair } from './tls-door';

export interface KeyFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsKeysOptions extends KeyFiles {
  readonly ciphers: string | undefined;
  readonly checkMs: number;
  readonly logger: Logger;
}

/**
 * A TLS door whose certificate and key follow their files. The content is compared, not the time: mounted secrets
 * change by a swapped link, and the two files one after the other.
 */
export class TlsKeys {
  readonly door: TlsDoor;
  private readonly loop: Loop;
  private current: KeyPair;
  private refused: KeyPair | undefined;

  /** @throws OdographError CONFIG_INVALID where a file cannot be read or the pair does not fit. */
  constructor(private readonly options: TlsKeysOptions) {
    const { certFile, keyFile, ciphers, logger } = options;
    this.current = {
      cert: readSetting('EDGE_TLS_CERT_FILE', certFile),
      key: readSetting('EDGE_TLS_KEY_FILE', keyFile),
    };
    try {
      this.door = new TlsDoor(this.current, ciphers);
    } catch (cause) {
      const detail =
        'EDGE_TLS_CERT_FILE, EDGE_TLS_KEY_FILE and EDGE_TLS_CIPHERS do not make a TLS server together';
      throw new OdographError('CONFIG_INVALID', { detail, cause });
    }
    this.loop = new Loop({ name: 'edge TLS keys', logger, round: () => this.follow() });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** A pair that does not fit is most often half of a change; the old one serves on, and it is said once. */
  private async follow(): Promise<number> {
    const { certFile, keyFile, checkMs, logger } = this.options;
    const pair = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    if (isSame(pair, this.current) || isSame(pair, this.refused)) return checkMs;
    try {
      this.door.use(pair);
      this.current = pair;
      this.refused = undefined;
      logger.info({ event: 'edge_tls_keys_reloaded' });
    } catch (error) {
      this.refused = pair;
      logger.error({ event: 'edge_tls_keys_refused', reason: describeError(error) });
    }
    return checkMs;
  }
}

const isSame = (a: KeyPair, b: KeyPair | undefined): boolean => a.cert === b?.cert && a.key === b.key;

function readSetting(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OdographError('CONFIG_INVALID', { detail: `${name} cannot be read`, cause });
  }
}
