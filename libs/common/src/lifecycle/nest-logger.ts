import { type LoggerService } from '@nestjs/common';
import { type Logger } from '../observability';

/** Nest's own lines in our format; its chatter about routes and modules is debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ event: 'nest', message, context });
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ event: 'nest', message, context });
  }

  error(message: unknown, ...context: unknown[]): void {
    this.logger.error({ event: 'nest', message, context });
  }
}
