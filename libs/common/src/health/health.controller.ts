import { Controller, Get } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { describeError } from '../errors';
import { Lifecycle } from '../lifecycle';
import { HealthRegistry, type HealthContributor } from './health-registry';

const CHECK_TIMEOUT_MS = 2000;

/** The probes. `/healthz` answers while the event loop turns; it asks no dependency. */
@Controller()
export class HealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly registry: HealthRegistry,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Get('healthz')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('startupz')
  started(): Promise<HealthCheckResult> {
    return this.checks.check([() => this.phase(this.lifecycle.state !== 'starting')]);
  }

  @Get('readyz')
  ready(): Promise<HealthCheckResult> {
    return this.checks.check([
      () => this.phase(this.lifecycle.state === 'running'),
      ...this.registry.gates.map((contributor) => () => this.indicate(contributor)),
    ]);
  }

  @Get('health')
  health(): Promise<HealthCheckResult> {
    return this.checks.check([
      () => this.phase(this.lifecycle.state === 'running'),
      ...this.registry.all.map((contributor) => () => this.indicate(contributor)),
    ]);
  }

  private phase(good: boolean): HealthIndicatorResult {
    const indicator = this.indicators.check('app');
    return good
      ? indicator.up({ phase: this.lifecycle.state })
      : indicator.down({ phase: this.lifecycle.state });
  }

  private async indicate(contributor: HealthContributor): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(contributor.name);
    try {
      const { status, details } = await withTimeout(contributor.check(), contributor.name);
      return status === 'down' ? indicator.down(details) : indicator.up({ ...details, condition: status });
    } catch (error) {
      return indicator.down({ error: describeError(error) });
    }
  }
}

async function withTimeout<Value>(work: Promise<Value>, name: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${name} did not answer within ${CHECK_TIMEOUT_MS} ms`)),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
