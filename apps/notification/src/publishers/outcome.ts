import { type SinkAnswer } from '@app/common/streams';
import { type ClaimedRoute, type FailedRoute, type RouteErrorClass } from '../routes';

interface Published {
  readonly route: ClaimedRoute;
  readonly entryId: string;
}

interface Failed extends FailedRoute {
  readonly route: ClaimedRoute;
  /** No further attempt would help, or none is left. */
  readonly isFinal: boolean;
}

/** What has become of a claimed batch so far. What is in none of its lists waits for its answer. */
export class BatchOutcome {
  readonly published: Published[] = [];
  readonly failed: Failed[] = [];
  /** Another holder was there first; the lease has passed on, or the clock went back. */
  readonly stale: ClaimedRoute[] = [];

  constructor(private readonly publishErrorClass: RouteErrorClass) {}

  /** Takes note of the sink's word on a route; false where it was sealed, and its way goes on. */
  answer(route: ClaimedRoute, answer: SinkAnswer | undefined): boolean {
    if (answer === undefined || answer.kind === 'sealed') return false;
    if (answer.kind === 'stale') this.stale.push(route);
    else if (answer.kind === 'refused') {
      this.fail(route, this.publishErrorClass, answer.error, route.attempts >= route.maxAttempts);
    } else this.published.push({ route, entryId: answer.entryId });
    return true;
  }

  encodingFailed(route: ClaimedRoute, error: string): void {
    this.fail(route, 'payload_encoding_failed', error, true);
  }

  /** Its holders went silent as often as it may be tried. */
  exhausted(route: ClaimedRoute): void {
    const error = `its publisher ended in the middle of each of ${route.maxAttempts} attempts`;
    this.fail(route, this.publishErrorClass, error, true);
  }

  private fail(route: ClaimedRoute, errorClass: RouteErrorClass, error: string, isFinal: boolean): void {
    this.failed.push({ route, routeId: route.routeId, errorClass, error, isFinal });
  }
}
