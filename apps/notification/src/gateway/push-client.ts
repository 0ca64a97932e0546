import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { generateRequestDetails } from 'web-push';
import { describeError } from '@app/common/errors';
import { isAllowedEndpoint, publicLookup } from './push-endpoint';
import { type PushMessage } from './push-message';
import { type VapidDetails } from './web-push.config';

export interface PushTarget {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

export type PushOutcome =
  | { readonly kind: 'sent' }
  /** There is no such subscription any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'too_large' }
  /** Nothing that a repeat would change. */
  | { readonly kind: 'refused'; readonly error: string }
  /** @param afterMs what the push service asks for. @param isService its failing, not ours or the subscription's. */
  | {
      readonly kind: 'retry';
      readonly error: string;
      readonly afterMs: number | undefined;
      readonly isService: boolean;
    };

export interface PushClientOptions {
  readonly vapid: VapidDetails;
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  readonly concurrency: number;
}

/** Speaks to push services: RFC 8030 (delivery), 8291 (encryption), 8292 (VAPID). Follows no redirect, reads no body. */
export class PushClient {
  private readonly http: HttpAgent;
  private readonly https: HttpsAgent;

  constructor(private readonly options: PushClientOptions) {
    const { allowPrivate, concurrency } = options;
    const agent = {
      ...{ keepAlive: true, maxSockets: concurrency },
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    };
    this.http = new HttpAgent(agent);
    this.https = new HttpsAgent(agent);
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  /** Never rejects: what became of the message is the answer. */
  async send(target: PushTarget, message: PushMessage, nowMs = Date.now()): Promise<PushOutcome> {
    if (!isAllowedEndpoint(target.endpoint, this.options.allowPrivate)) {
      return { kind: 'refused', error: 'the endpoint is no public https URL' };
    }
    let details;
    try {
      details = this.detailsOf(target, message, nowMs);
    } catch (error) {
      return { kind: 'refused', error: describeError(error) };
    }
    try {
      return outcomeOf(await this.post(target.endpoint, details.headers, details.body), nowMs);
    } catch (error) {
      return { kind: 'retry', error: describeError(error), afterMs: undefined, isService: true };
    }
  }

  private detailsOf({ endpoint, p256dh, auth }: PushTarget, message: PushMessage, nowMs: number) {
    const { topic, urgency, body, expiresAtMs } = message;
    return generateRequestDetails({ endpoint, keys: { p256dh, auth } }, body, {
      vapidDetails: this.options.vapid,
      TTL: Math.max(0, Math.floor((expiresAtMs - nowMs) / 1000)),
      contentEncoding: 'aes128gcm',
      urgency,
      ...(topic === undefined ? {} : { topic }),
    });
  }

  private post(endpoint: string, headers: Record<string, string>, body: Buffer): Promise<IncomingMessage> {
    const isHttps = endpoint.startsWith('https:');
    const signal = AbortSignal.timeout(this.options.timeoutMs);
    return new Promise((resolve, reject) => {
      const begin = isHttps ? httpsRequest : httpRequest;
      const agent = isHttps ? this.https : this.http;
      const request = begin(endpoint, { method: 'POST', headers, agent, signal }, (response) => {
        // What it says is of no use here, and might never end.
        response.on('error', () => response.destroy()).resume();
        resolve(response);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, nowMs: number): PushOutcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'sent' };
  if (statusCode === 404 || statusCode === 410) return { kind: 'gone' };
  if (statusCode === 413) return { kind: 'too_large' };
  const error = `the push service answered ${statusCode}`;
  if (statusCode !== 429 && statusCode < 500) return { kind: 'refused', error };
  const afterMs = retryAfterMs(headers['retry-after'], nowMs);
  return { kind: 'retry', error, afterMs, isService: statusCode !== 429 };
}

/** Seconds or a date (RFC 9110, section 10.2.3); undefined for anything else. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
