/** What one dependency or part says of itself. */
export interface HealthReport {
  /** degraded: works, but a person should look. */
  readonly status: 'up' | 'degraded' | 'down';
  /** In words and figures for a person: `{ memory: '81% of maxmemory' }`. Never a secret. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The port through which areas and features take part in `/health` and `/readyz`. `gatesReadiness`: an app that
 * cannot work without it is not ready while it is down. Liveness never asks any of them, since a restart mends no
 * dependency.
 */
export interface HealthContributor {
  readonly name: string;
  readonly gatesReadiness: boolean;
  check(): Promise<HealthReport>;
}

export class HealthRegistry {
  private readonly contributors: HealthContributor[] = [];

  register(contributor: HealthContributor): void {
    this.contributors.push(contributor);
  }

  get all(): readonly HealthContributor[] {
    return this.contributors;
  }

  get gates(): readonly HealthContributor[] {
    return this.contributors.filter(({ gatesReadiness }) => gatesReadiness);
  }
}
