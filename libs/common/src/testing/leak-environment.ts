import { TestEnvironment } from 'jest-environment-node';
import { expectNothingLeaked, openResources, type OpenResources } from './leaks';
import { OpenTimers } from './open-timers';

interface CircusState {
  unhandledErrors: unknown[];
}

/**
 * Jest environment of the specs with servers: a file that leaves sockets, timers or processes open fails, by name.
 * It looks after the file's last afterAll; a hook of our own would run before those of the file.
 */
export default class LeakCheckedEnvironment extends TestEnvironment {
  private before: OpenResources = new Map();
  private readonly timers = new OpenTimers();

  private readonly graceMs: number | undefined;

  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    super(config, context);
    const graceMs = config.projectConfig.testEnvironmentOptions['leakGraceMs'];
    this.graceMs = typeof graceMs === 'number' ? graceMs : undefined;
  }

  override async setup(): Promise<void> {
    await super.setup();
    this.timers.watch(this.global);
    this.before = openResources();
  }

  async handleTestEvent(event: { name: string }, state: CircusState): Promise<void> {
    if (event.name !== 'run_finish') return;
    try {
      await expectNothingLeaked(this.before, this.timers, this.graceMs);
    } catch (error) {
      // Thrown from here it would hide the results of the file's tests; as an unhandled error it stands beside them.
      state.unhandledErrors.push(error);
    }
  }
}
