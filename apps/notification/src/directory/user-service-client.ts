import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { OdographError } from '@app/common/errors';
import { type UserAccount } from './directory';

export interface UserServiceClientOptions {
  /** May carry a path, and a name and password for basic authentication. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly maxSockets: number;
}

const PATH = '/api/v1/internal/users/';
const MAX_BODY_BYTES = 64 * 1024;

const answerSchema = z.object({
  email: z.string().trim().nullish(),
  preferred_language: z.string().nullish(),
  time_zone: z.string().nullish(),
});

/** One user at a time from an HTTP user service: `{email, preferred_language, time_zone?}`, 404 for an id of nobody. */
export class UserServiceClient {
  private readonly base: URL;
  private readonly agent: HttpAgent;

  constructor(private readonly options: UserServiceClientOptions) {
    this.base = new URL(options.baseUrl);
    const agentOptions = { keepAlive: true, maxSockets: options.maxSockets };
    this.agent = this.isSecure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  }

  /**
   * Undefined where nobody has the id.
   *
   * @throws OdographError USER_SERVICE_UNAVAILABLE for any other answer, and for none within the timeout.
   */
  async get(userId: string, signal: AbortSignal): Promise<UserAccount | undefined> {
    // A path would mean another resource by these two, however they are escaped.
    if (userId === '.' || userId === '..') return undefined;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.options.timeoutMs)]);
      const { status, body } = await this.fetch(userId, limit);
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`it answered with status ${status}`);
      return accountOf(userId, answerSchema.parse(JSON.parse(body)));
    } catch (cause) {
      throw new OdographError('USER_SERVICE_UNAVAILABLE', { cause });
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private get isSecure(): boolean {
    return this.base.protocol === 'https:';
  }

  private fetch(userId: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const { base, agent } = this;
    return new Promise((resolve, reject) => {
      const request = (this.isSecure ? httpsRequest : httpRequest)(
        {
          protocol: base.protocol,
          hostname: base.hostname.replace(/^\[|\]$/g, ''),
          port: base.port,
          path: base.pathname.replace(/\/+$/, '') + PATH + encodeURIComponent(userId),
          ...(base.username === ''
            ? {}
            : { auth: `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}` }),
          headers: { accept: 'application/json', 'user-agent': 'odograph-notification' },
          agent,
          signal,
        },
        (response) => {
          textOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
        },
      );
      request.on('error', reject);
      request.end();
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`its answer is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A language or a zone that nobody knows must not keep a notification from anybody. */
function accountOf(userId: string, answer: z.infer<typeof answerSchema>): UserAccount {
  return {
    userId,
    email: answer.email === '' ? undefined : (answer.email ?? undefined),
    locale: canonicalLocale(answer.preferred_language ?? 'en'),
    timezone: knownZone(answer.time_zone ?? 'UTC'),
    units: 'metric',
    enabled: true,
  };
}

function canonicalLocale(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll('_', '-'))[0] ?? 'en';
  } catch (error) {
    if (error instanceof RangeError) return 'en';
    throw error;
  }
}

function knownZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return 'UTC';
    throw error;
  }
}
