import pino, { type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly app: string;
  readonly level: string;
}

/** Never in a line, whatever object it hangs on. */
const SECRET_PATHS = ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'];

/** JSON lines on stdout. Every line has an `event` name, so that a query finds it without matching prose. */
export function createLogger({ app, level }: LoggerOptions): Logger {
  return pino({
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
  });
}

/** An IMEI as logs above debug show it: enough to recognise a device that one knows, not to name it. */
export function maskImei(imei: string): string {
  return imei.length <= 4 ? '****' : `${'*'.repeat(imei.length - 4)}${imei.slice(-4)}`;
}
