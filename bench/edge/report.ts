import { loadavg } from 'node:os';
import { FULL, frameOf } from './frame';
import { type Comparison } from './comparison';
import { round } from '../shared/figures';
import { machine } from '../shared/machine';

export function table(rows: readonly Comparison[], title: string): string {
  const header = [
    'connections',
    'bare/s',
    'always/s',
    'everysec/s',
    'always',
    'everysec',
    'CPU us',
    'bare us',
  ];
  const lines = rows.map((row) => [
    String(row.connections),
    String(Math.round(row.barePerS)),
    String(Math.round(row.alwaysPerS)),
    String(Math.round(row.everysecPerS)),
    row.ratioAlways.toFixed(2),
    row.ratioEverysec.toFixed(2),
    row.alwaysCpuUs.toFixed(1),
    row.bareCpuUs.toFixed(1),
  ]);
  const text = [header, ...lines].map((cells) => cells.map((cell) => cell.padStart(11)).join('')).join('\n');
  return `\n${title}, frames acked a second, and the edge as a share of the bare server\n${text}`;
}

export function conditionsOf(more: Readonly<Record<string, number>>): Record<string, string | number> {
  return {
    ...machine(),
    frameBytes: frameOf(FULL).length,
    recordsAFrame: FULL.records,
    load: 'stop-and-wait; load, server under test and Redis share the machine over loopback',
    loadAverageAfter: round(loadavg()[0] ?? NaN, 1),
    ...more,
  };
}
