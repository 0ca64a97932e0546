import { setTimeout as delay } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { describeError } from '@app/common/errors';
import { type ComposedMail } from './composer';
import { type SmtpTlsMode } from './mail.config';
import { type SmtpVerdict, verdictOnFailure, verdictOnSuccess } from './smtp-verdict';

export interface SmtpOptions {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: SmtpTlsMode;
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly sendTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** RFC 5321 would wait for minutes; a mail that takes so long is better tried again. */
const SILENCE_TIMEOUT_MS = 30_000;

/** The way to the mail server: a pool of connections. It tries each mail once; trying again is the sender's to decide. */
export class Smtp {
  private readonly transport;

  constructor(private readonly options: SmtpOptions) {
    const { hostname, port, protocol, username, password } = new URL(options.url);
    const isTls = protocol === 'smtps:';
    const user = options.user ?? decodeURIComponent(username);
    const pass = options.password ?? decodeURIComponent(password);
    this.transport = createTransport({
      pool: true,
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      ...(port === '' ? {} : { port: Number(port) }),
      secure: isTls,
      requireTLS: options.tls === 'required',
      ignoreTLS: options.tls === 'off',
      ...(user === '' ? {} : { auth: { user, pass } }),
      maxConnections: options.connections,
      rateLimit: options.ratePerSecond,
      rateDelta: 1000,
      // A mail whose connection closed may have been taken: whether it is sent again is written down first.
      maxRequeues: 0,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** Never rejects: whatever happens to a mail is a verdict on it. */
  async send(mail: ComposedMail): Promise<SmtpVerdict> {
    try {
      const signal = AbortSignal.timeout(this.options.sendTimeoutMs);
      const { accepted, rejectedErrors, response } = await this.transport.sendMail({ ...mail, signal });
      return verdictOnSuccess(accepted, rejectedErrors, response);
    } catch (error) {
      return verdictOnFailure(error);
    }
  }

  /** Undefined where the server lets us in, else what is in the way. */
  async verify(timeoutMs: number): Promise<string | undefined> {
    const late = new AbortController();
    try {
      return await Promise.race([
        this.transport.verify().then(() => undefined),
        delay(timeoutMs, `no answer within ${timeoutMs} ms`, { signal: late.signal }),
      ]);
    } catch (error) {
      return describeError(error);
    } finally {
      late.abort();
    }
  }

  /** Ends idle connections, and with `force` those in the middle of a mail too. */
  close(force = false): void {
    this.transport.transporter.close?.({ force });
  }
}
