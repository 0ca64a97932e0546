import fc from 'fast-check';
import { z } from 'zod';
import { INTENT_CATALOG, type IntentType } from '../contracts';
import {
  checkTemplates,
  DEFINITIONS,
  fallbackChain,
  type LocaleTexts,
  TEMPLATES,
  Templates,
  type Terms,
  TEXTS,
} from '.';
import { compile } from './engine';
import { Formats } from './formats';

const T0 = Date.UTC(2026, 10, 22, 13, 3, 5);
const EN: Terms = { locale: 'en', timezone: 'UTC', units: 'metric' };
const sampleOf = (id: string) => TEMPLATES.definition(id).sample;
const occurrenceOf = (id: string, changes: object = {}) => ({
  occurredAtMs: T0,
  payload: { ...sampleOf(id), ...changes },
});
const mailOf = (id: string, terms: Terms = EN, changes: object = {}) => {
  const { locale, variables } = TEMPLATES.call(id, occurrenceOf(id, changes), terms);
  return TEMPLATES.render(id, locale, variables);
};

describe('the catalog of templates', () => {
  it('has what the catalog of intents needs', () => {
    expect(() => checkTemplates(TEMPLATES, INTENT_CATALOG.values())).not.toThrow();
  });

  it('has every type in English, German, Portuguese and French', () => {
    for (const type of INTENT_CATALOG.keys()) {
      expect(TEMPLATES.localesOf(type)).toEqual(expect.arrayContaining(['en', 'de', 'pt', 'fr']));
    }
  });

  const [first] = DEFINITIONS;
  const type = INTENT_CATALOG.get('vehicle.overspeed.started');
  const mistakesWith = (changes: Partial<IntentType>, texts: readonly LocaleTexts[] = TEXTS): string => {
    if (first === undefined || type === undefined) throw new Error('nothing to spoil');
    try {
      checkTemplates(new Templates([first], texts), [{ ...type, ...changes }]);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const english = (subject: string, others: object = {}): LocaleTexts[] => [
    ...TEXTS.filter(({ locale }) => locale !== 'en'),
    ...TEXTS.filter(({ locale }) => locale === 'en').map((texts) => ({
      ...texts,
      types: {
        'vehicle.overspeed.started': {
          subject,
          lead: 'x',
          list: { subject, lead: 'x', item: 'x' },
          ...others,
        },
      },
    })),
  ];

  it.each([
    ['no template', mistakesWith({ type: 'vehicle.towed' }), 'vehicle.towed: the catalog has it'],
    ['no English', mistakesWith({}, TEXTS.slice(1)), 'no texts in en'],
    [
      'another payload',
      mistakesWith({ payload: z.strictObject({ title: z.string() }) }),
      'no payload of the type',
    ],
    ['an unknown variable', mistakesWith({}, english('{{driver}}')), '"driver" not defined'],
    ['a variable that may be missing', mistakesWith({}, english('{{speed_kmh}}')), '"speed_kmh" not defined'],
    ['a helper that is not ours', mistakesWith({}, english('{{lookup this "x"}}')), 'lookup'],
    [
      'a plural with a form missing',
      mistakesWith({}, english('{{plural collapsed_count one="1"}}')),
      'other',
    ],
    ['no list form', mistakesWith({}, english('x', { list: undefined })), 'no list form'],
    ['text that is no template', mistakesWith({}, english('{{#if formatted.speed}}')), 'Parse error'],
  ])('stops a start: %s', (_what, said, mistake) => {
    expect(said).toContain(mistake);
  });

  it('finds that a payload no longer says what a template needs', () => {
    const poorer = z.strictObject({ ...sampleSchema(), device_name: z.string().optional() });
    expect(mistakesWith({ payload: poorer })).toContain('device_name');
  });

  function sampleSchema(): Record<string, z.ZodType> {
    return Object.fromEntries(
      Object.keys(sampleOf('vehicle.overspeed.started')).map((name) => [name, z.unknown()]),
    );
  }
});

describe('languages', () => {
  it('fall back part by part, and to English at last', () => {
    expect(fallbackChain('pt-BR')).toEqual(['pt-BR', 'pt', 'en']);
    expect(fallbackChain('zh-hant-tw')).toEqual(['zh-Hant-TW', 'zh-Hant', 'zh', 'en']);
    expect(fallbackChain('en-GB')).toEqual(['en-GB', 'en']);
    expect(fallbackChain('de-u-nu-latn')).toEqual(['de', 'en']);
    expect(fallbackChain('no tag')).toEqual(['en']);
  });

  it('are those that the template has', () => {
    const at = (id: string, locale: string) => TEMPLATES.call(id, occurrenceOf(id), { ...EN, locale }).locale;
    expect([at('vehicle.sos', 'pt-BR'), at('vehicle.offline', 'pt-BR'), at('vehicle.sos', 'ja-JP')]).toEqual([
      'pt-BR',
      'pt',
      'en',
    ]);
    expect(mailOf('vehicle.sos', { ...EN, locale: 'pt-BR' }).text).toContain('acionado');
    expect(mailOf('vehicle.sos', { ...EN, locale: 'pt-BR' }).text).toContain('Velocidade: 104 km/h');
  });

  it('write times and speeds as the user does', () => {
    const berlin = mailOf('vehicle.overspeed.started', {
      locale: 'de-AT',
      timezone: 'Europe/Vienna',
      units: 'metric',
    });
    expect(berlin.text).toContain('22. November 2026');
    expect(berlin.text).toContain('14:03:05');
    expect(berlin.text).toContain('104 km/h');
    const boston = mailOf('vehicle.overspeed.started', {
      locale: 'en-US',
      timezone: 'America/New_York',
      units: 'imperial',
    });
    expect(boston.text).toContain('November 22, 2026 at 08:03:05 AM EST');
    expect(boston.text).toContain('Speed: 65 mph');
    expect(boston.text).toContain('Limit: 56 mph');
    const tokyo = mailOf('vehicle.sos', { locale: 'ja-JP', timezone: 'Asia/Tokyo', units: 'metric' });
    expect(tokyo.text).toContain('November 22, 2026');
    expect(tokyo.text).toContain('10:03:05 PM GMT+9');
  });

  it('have forms for every number', () => {
    const forms = 'one="# auto" few="# auta" many="# auta" other="# aut"';
    const czech = compile(`{{plural n ${forms}}}`, 'cs');
    expect([1, 3, 5, 1.5].map((n) => czech({ n }))).toEqual(['1 auto', '3 auta', '5 aut', '1,5 auta']);
    expect(compile('{{plural n one="#" other="#"}}', 'en')({ n: 12_000 })).toBe('12,000');
  });

  it('leave nobody untold for a zone that nobody knows', () => {
    expect(mailOf('vehicle.sos', { ...EN, timezone: 'Mars/Olympus' }).text).toContain('01:03:05 PM UTC');
  });
});

describe('formats', () => {
  it('choose the unit by the distance', () => {
    const metric = new Formats(EN, 'en');
    const imperial = new Formats({ ...EN, units: 'imperial' }, 'en');
    expect([200, 999.4, 999.6, 12_340].map((m) => metric.distance(m))).toEqual([
      '200 m',
      '999 m',
      '1 km',
      '12.3 km',
    ]);
    expect([200, 3000].map((m) => imperial.distance(m))).toEqual(['656 ft', '1.9 mi']);
  });

  it('say durations without parts that are nothing', () => {
    const formats = new Formats(EN, 'en');
    expect([0, 59, 60, 3661].map((s) => formats.duration(s))).toEqual([
      '0 sec',
      '59 sec',
      '1 min',
      '1 hr, 1 min, 1 sec',
    ]);
  });
});

describe('a mail', () => {
  it('says what happened, with the facts that are known', () => {
    const { subject, text } = mailOf('vehicle.geofence.entered', EN, { speed_kmh: undefined });
    expect(subject).toBe('Van 7 arrived at Depot');
    expect(text).toBe(
      [
        'Van 7 entered “Depot”.',
        '',
        'Time: November 22, 2026 at 01:03:05 PM UTC',
        'Place: 54.68716, 25.27972 https://www.openstreetmap.org/?mlat=54.68716&mlon=25.27972#map=16/54.68716/25.27972',
        '',
      ].join('\n'),
    );
  });

  it('lists several that are told as one, and counts those that are not listed', () => {
    const id = 'vehicle.offline';
    const occurrences = ['Van 1', 'Van 2'].map((name) => occurrenceOf(id, { device_name: name }));
    const { locale, variables } = TEMPLATES.call(id, occurrenceOf(id), EN, { count: 1000, occurrences });
    const mail = TEMPLATES.render(id, locale, variables, { unsubscribeUrl: 'https://x.example/u?t=1&u=2' });
    expect(mail.subject).toBe('1,000 vehicles are offline');
    expect(mail.text).toContain('- Van 1, last seen');
    expect(mail.text).toContain('and 998 more');
    expect(mail.text).not.toContain('Place:');
    expect(mail.html).toContain('<li>Van 2, last seen');
    expect(mail.html).toContain('href="https://x.example/u?t&#x3D;1&amp;u&#x3D;2"');
    expect(mail.text).toContain('https://x.example/u?t=1&u=2');
  });

  it('keeps what fleets write from being markup, a header or a template', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)) }),
        fc.constantFrom('', '<script>', '\r\nBcc: all@example.org', '{{x}}'),
        (a, b) => {
          const name = `${a}${b}`;
          const { subject, html, text } = mailOf('vehicle.geofence.entered', EN, { device_name: name });
          expect(subject).not.toMatch(/[\r\n]/);
          expect(html).not.toContain('<script');
          expect(html.match(/</g)?.length).toBe(mailOf('vehicle.geofence.entered').html.match(/</g)?.length);
          expect(text).toContain(`${name} entered`);
        },
      ),
    );
  });

  it('makes no link of what is no address of a page', () => {
    const { html } = mailOf('system.alert', EN, { runbook_url: 'javascript:alert(1)' });
    expect(html).not.toContain('href="javascript');
    expect(mailOf('system.alert').html).toContain('href="https://runbooks.example.org/certificates"');
  });

  it('is refused where variables do not fit', () => {
    const { variables } = TEMPLATES.call('vehicle.sos', occurrenceOf('vehicle.sos'), EN);
    const render = (changes: object) => () =>
      TEMPLATES.render('vehicle.sos', 'en', { ...variables, ...changes });
    expect(render({})).not.toThrow();
    expect(render({ device_name: 7 })).toThrow(/vehicle\.sos.*device_name/s);
    expect(render({ formatted: {} })).toThrow(/formatted\.time|time/);
    expect(render({ collapsed_count: 3, items: [variables] })).toThrow('no list form');
    expect(() => TEMPLATES.render('vehicle.towed', 'en', variables)).toThrow('no template vehicle.towed');
    expect(() => TEMPLATES.call('vehicle.sos', { occurredAtMs: T0, payload: {} }, EN)).toThrow(/device_name/);
  });

  it('reaches nothing of a prototype', () => {
    for (const path of [
      'constructor',
      '__proto__',
      'toString',
      'a.constructor.name',
      'items.[0].constructor',
    ]) {
      expect(() => compile(`{{${path}}}`, 'en')).toThrow('is no variable');
      expect(() => compile(`{{#if ${path}}}x{{/if}}`, 'en')).toThrow('is no variable');
    }
  });

  it('can be written of every payload that the catalog admits', () => {
    const text = fc.string({ minLength: 1 });
    const payloads = fc.record(
      {
        event_id: fc.uuid(),
        ...{ imei: text, device_name: text, reference: text, reference_name: text },
        ...{
          longitude: fc.double({ noNaN: true, min: -180, max: 180 }),
          latitude: fc.double({ noNaN: true, min: -90, max: 90 }),
        },
        speed_kmh: fc.double({ noNaN: true, min: 0, max: 400 }),
        details: fc.dictionary(
          fc.constantFrom('limit_kmh', 'peak_kmh', 'duration_s', 'radius_m'),
          fc.double({ noNaN: true, min: 0, max: 1e6 }),
        ),
      },
      {
        requiredKeys: [
          'event_id',
          'imei',
          'device_name',
          'reference',
          'reference_name',
          'longitude',
          'latitude',
          'details',
        ],
      },
    );
    fc.assert(
      fc.property(payloads, fc.constantFrom('en', 'de-CH', 'pt-BR', 'fr-CA', 'xx'), (payload, locale) => {
        const id = 'vehicle.overspeed.ended';
        const call = TEMPLATES.call(id, { occurredAtMs: T0, payload }, { ...EN, locale });
        expect(TEMPLATES.render(id, call.locale, call.variables).html).toContain('</html>');
      }),
    );
  });
});
