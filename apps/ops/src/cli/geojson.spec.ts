import { z } from 'zod';
import { hasCode } from '@app/common/errors';
import { nameField, numberField } from './fields';
import { readGeoJson } from './geojson';

const schema = z.object({
  name: nameField,
  longitude: numberField({ min: -180, max: 180 }),
  latitude: numberField({ min: -90, max: 90 }),
  radius_m: numberField({ above: 0, max: 1000 }),
});

const point = (properties: unknown, coordinates: unknown = [13.4, 52.5]) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates },
  properties,
});
const file = (...features: unknown[]): string => JSON.stringify({ type: 'FeatureCollection', features });
const read = (text: string) => readGeoJson(text, schema);

function problemOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (hasCode(error, 'INPUT_INVALID')) return error.message;
    throw error;
  }
  return 'none';
}

describe('readGeoJson', () => {
  it('reads points, longitude first, and leaves altitude and foreign properties out', () => {
    const text = file(point({ name: 'Depot', radius_m: 250, 'marker-color': '#f00' }, [13.4, 52.5, 34]));
    expect(read(text)).toEqual([
      {
        place: 'feature 1',
        draft: {
          name: 'Depot',
          longitude: 13.4,
          latitude: 52.5,
          radius_m: 250,
        },
      },
    ]);
  });

  it.each([
    ['{\n"type":\n}', 'the file is not JSON'],
    ['{"type":"Feature"}', 'the file is no GeoJSON FeatureCollection'],
    [
      file(point({ name: 'a', radius_m: 1 }), point({ name: 'b' })),
      'feature 2, property radius_m: is missing',
    ],
    [file(point({ name: 'a', radius_m: 0 })), 'feature 1, property radius_m: has to be above 0'],
    [file(point({ name: 'a', radius_m: null })), 'feature 1, property radius_m: is no number'],
    [file(point({ name: 7, radius_m: 1 })), 'feature 1, property name: has to be text'],
    [file(point({ name: 'a', radius_m: 1 }, [52, 113])), 'feature 1, property latitude: is above 90'],
    [
      file(point({ name: 'a', radius_m: 1 }, [52])),
      'feature 1, property geometry: has no longitude and latitude',
    ],
    [file({ ...point({}), geometry: { type: 'Polygon' } }), 'feature 1, property geometry: is no Point'],
    [file(point(null)), 'feature 1, property properties: has none'],
    [file(7), 'feature 1'],
  ])('says what is wrong with %s', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });
});
