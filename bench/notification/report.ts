import { median, round } from '../shared/figures';
import { machine } from '../shared/machine';
import { type Percentiles } from '../pipeline/percentiles';
import { type CounterFigures } from './counters';
import { ROUTES_AN_INTENT } from './intents';
import { type Judged, type Pace } from './judge';
import { type LookupFigures } from './lookups';
import { type UrgentFigures } from './urgent';

const TARGET = 0.6;
const TARGETS = { halfLoadP99Ms: 100, p99TimesWithSlowLookups: 1.2 };

export interface RestFigures {
  readonly counters?: CounterFigures;
  readonly halfLoad?: {
    readonly intentsPerS: number;
    readonly oneInstanceMs: Percentiles;
    readonly twoInstancesMs: Percentiles;
  };
  readonly urgent?: UrgentFigures;
  readonly lookups?: LookupFigures;
}

/** The slower limit of a round, in routes a second. */
const limitOf = ({ inserted, appended }: Judged): number =>
  Math.min(inserted.perS * ROUTES_AN_INTENT, appended.perS);

/** What is reached of the slower limit. */
export const ratiosOf = (judged: Judged) => ({
  accepted: (judged.accepted.perS * ROUTES_AN_INTENT) / limitOf(judged),
  published: judged.published.perS / limitOf(judged),
  atOnce: (judged.atOnce.perS * ROUTES_AN_INTENT) / limitOf(judged),
});

/** Writes the one line of the result. */
export function report(
  judged: readonly Judged[],
  rest: RestFigures,
  conditions: Readonly<Record<string, unknown>>,
): void {
  const of = (figure: (round: Judged) => number): number => median(judged.map(figure));
  const ratio = (which: keyof ReturnType<typeof ratiosOf>): number =>
    round(
      of((each) => ratiosOf(each)[which]),
      3,
    );
  const perS = (pace: (each: Judged) => Pace<string>): number => Math.round(of((each) => pace(each).perS));
  const cpuUs = (pace: (each: Judged) => Pace<string>): Record<string, number> => {
    const parts = Object.keys(judged[0] === undefined ? {} : pace(judged[0]).cpuUs);
    const usOf = (part: string): number => of((each) => pace(each).cpuUs[part] ?? NaN);
    return Object.fromEntries(parts.map((part) => [part, round(usOf(part), 1)]));
  };
  process.stdout.write(
    `${JSON.stringify({
      name: 'notification',
      ratio: round(
        of((each) => Math.min(ratiosOf(each).accepted, ratiosOf(each).published)),
        3,
      ),
      target: TARGET,
      value: perS(({ published }) => published),
      limit: Math.round(of(limitOf)),
      unit: 'routes/s',
      ratios: { accepted: ratio('accepted'), published: ratio('published'), atOnce: ratio('atOnce') },
      acceptedIntentsPerS: perS(({ accepted }) => accepted),
      publishedRoutesPerS: perS(({ published }) => published),
      intentsPerSAtOnce: perS(({ atOnce }) => atOnce),
      limits: {
        insertedIntentsPerS: perS(({ inserted }) => inserted),
        appendedRoutesPerS: perS(({ appended }) => appended),
      },
      cpuUs: {
        anAcceptedIntent: cpuUs(({ accepted }) => accepted),
        aPublishedRoute: cpuUs(({ published }) => published),
        anIntentAtOnce: cpuUs(({ atOnce }) => atOnce),
        anInsertedIntent: cpuUs(({ inserted }) => inserted),
        anAppendedRoute: cpuUs(({ appended }) => appended),
      },
      ...rest,
      targets: TARGETS,
      conditions: {
        ...machine(),
        limitIs:
          'the slower of both, in routes: bare INSERTs of the rows that the app wrote, the same batches, one connection; ' +
          'pipelined XADD of the entries that it wrote through ioredis in one process, 500 a pipeline, two under way',
        appIs:
          'one built notification app with its default settings: intents from a backlog in their stream while routes may not ' +
          'be published, routes from a backlog in their table while no intents come; atOnce: both, from the intents',
        ...conditions,
      },
    })}\n`,
  );
}
