import { formatFields, formatTable } from './table';

interface Thing {
  readonly name: string | null;
  readonly on: boolean;
  readonly at: Date;
}

const columns = [
  { heading: 'NAME', of: ({ name }: Thing) => name },
  { heading: 'ON', of: ({ on }: Thing) => on },
  { heading: 'AT', of: ({ at }: Thing) => at },
];

describe('formatTable', () => {
  it('aligns columns, without blanks at the ends of lines', () => {
    const at = new Date('2026-01-31T08:00:00Z');
    expect(
      formatTable(columns, [
        { name: 'a long name', on: true, at },
        { name: null, on: false, at },
      ]),
    ).toBe(
      'NAME         ON   AT\n' +
        'a long name  yes  2026-01-31T08:00:00Z\n' +
        '-            no   2026-01-31T08:00:00Z\n',
    );
  });

  it('says so when there is nothing', () => {
    expect(formatTable(columns, [])).toBe('none\n');
  });

  it('does not let a stored name write on the screen', () => {
    const row = { name: '\u001b[2Jgone\n', on: true, at: new Date(0) };
    const table = formatTable(columns, [row]);
    expect(table).not.toContain('\u001b');
    expect(table.split('\n')).toHaveLength(3);
  });
});

describe('formatFields', () => {
  it('shows one field a line', () => {
    expect(formatFields({ id: '7', settings: { limit_kmh: 50 }, removed_at: null })).toBe(
      'id          7\nsettings    {"limit_kmh":50}\nremoved_at  -\n',
    );
  });
});
