import { formatLocale, knownTimezone } from './locales';

export const UNIT_SYSTEMS = ['metric', 'imperial'] as const;
export type UnitSystem = (typeof UNIT_SYSTEMS)[number];

/** In whose terms a text speaks. */
export interface Terms {
  /** BCP 47 tag; one that is none counts as `en`. */
  readonly locale: string;
  /** IANA name; one that is none counts as UTC. */
  readonly timezone: string;
  readonly units: UnitSystem;
}

const KM_PER_MILE = 1.609344;
const FEET_PER_METRE = 3.28084;
const METRES_PER_KM = 1000;
const FEET_PER_MILE = 5280;

/** Users of one deployment share few terms; beyond this many the kept formats are made anew. */
const MOST_KEPT = 500;
const kept = new Map<string, Formats>();

/** The formats of a user's terms. Making them takes a hundred times as long as using them. */
export function formatsOf(terms: Terms, textLocale: string): Formats {
  const key = [terms.locale, terms.timezone, terms.units, textLocale].join(' ');
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const made = new Formats(terms, textLocale);
  kept.set(key, made);
  return made;
}

/** Writes times, speeds and distances in a user's terms. */
export class Formats {
  private readonly units = new Map<string, Intl.NumberFormat>();
  private readonly locale: string;
  private readonly moment: Intl.DateTimeFormat;

  constructor(
    private readonly terms: Terms,
    textLocale: string,
  ) {
    this.locale = formatLocale(terms.locale, textLocale);
    this.moment = new Intl.DateTimeFormat(this.locale, {
      ...{
        year: 'numeric',
        month: 'long',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      },
      ...{ timeZone: knownTimezone(terms.timezone), timeZoneName: 'short' },
    });
  }

  time(timeMs: number): string {
    return this.moment.format(timeMs);
  }

  speed(kmh: number): string {
    const isMetric = this.terms.units === 'metric';
    return this.unit(
      isMetric ? kmh : kmh / KM_PER_MILE,
      isMetric ? 'kilometer-per-hour' : 'mile-per-hour',
      0,
    );
  }

  /** In the small unit up to a kilometre or a mile, from there in the large one. */
  distance(metres: number): string {
    const isMetric = this.terms.units === 'metric';
    const [amount, perLarge] = isMetric ? [metres, METRES_PER_KM] : [metres * FEET_PER_METRE, FEET_PER_MILE];
    const isSmall = Math.round(amount) < perLarge;
    if (isMetric)
      return this.unit(
        isSmall ? amount : amount / perLarge,
        isSmall ? 'meter' : 'kilometer',
        isSmall ? 0 : 1,
      );
    return this.unit(isSmall ? amount : amount / perLarge, isSmall ? 'foot' : 'mile', isSmall ? 0 : 1);
  }

  /** Hours, minutes and seconds, without those that are 0; `0 sec` for nothing. */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    const parts = [
      [Math.floor(whole / 3600), 'hour'],
      [Math.floor(whole / 60) % 60, 'minute'],
      [whole % 60, 'second'],
    ] as const;
    const said = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => this.unit(amount, unit, 0));
    const texts = said.length > 0 ? said : [this.unit(0, 'second', 0)];
    return new Intl.ListFormat(this.locale, { type: 'unit', style: 'short' }).format(texts);
  }

  private unit(amount: number, unit: string, maximumFractionDigits: number): string {
    const key = `${unit} ${maximumFractionDigits}`;
    const format =
      this.units.get(key) ??
      new Intl.NumberFormat(this.locale, { style: 'unit', unit, maximumFractionDigits });
    this.units.set(key, format);
    return format.format(amount);
  }
}

/** Degrees as every map takes them, whatever the language. */
export function placeText(latitude: number, longitude: number): string {
  return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
}

export function mapUrl(latitude: number, longitude: number): string {
  const [lat, lon] = [latitude.toFixed(5), longitude.toFixed(5)];
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`;
}
