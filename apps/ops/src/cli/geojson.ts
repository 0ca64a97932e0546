import { z } from 'zod';
import { OdographError } from '@app/common/errors';
import { refuse, type Drafted, type Misfit } from './drafted';
import { check } from './input';

const collectionSchema = z.looseObject({
  type: z.literal('FeatureCollection'),
  features: z.array(z.unknown()),
});

/** RFC 7946: longitude before latitude; a third number, the altitude, is left out. */
const pointFeatureSchema = z.looseObject({
  type: z.literal('Feature', 'is no Feature'),
  geometry: z.looseObject(
    {
      type: z.literal('Point', 'is no Point'),
      coordinates: z.array(z.number()).min(2, 'has no longitude and latitude'),
    },
    'is no Point',
  ),
  properties: z.record(z.string(), z.unknown(), 'has none'),
});

/**
 * Reads a GeoJSON FeatureCollection of points into checked drafts: a point's `longitude` and `latitude` and its
 * properties are the fields. Properties that the schema does not know are left out, since drawing tools add their own.
 *
 * @throws OdographError INPUT_INVALID naming feature and property of what does not fit; nothing is used then.
 */
export function readGeoJson<Draft>(text: string, schema: z.ZodType<Draft>): Drafted<Draft>[] {
  const drafts: Drafted<Draft>[] = [];
  const misfits: Misfit[] = [];
  for (const [index, feature] of featuresOf(text).entries()) {
    const result = checkFeature(feature, schema);
    const place = `feature ${index + 1}`;
    if ('value' in result) drafts.push({ place, draft: result.value });
    else misfits.push(...result.problems.map((problem) => ({ place, ...problem })));
  }
  refuse(misfits, 'property');
  return drafts;
}

function checkFeature<Draft>(feature: unknown, schema: z.ZodType<Draft>): ReturnType<typeof check<Draft>> {
  const shape = pointFeatureSchema.safeParse(feature);
  if (!shape.success) {
    const [issue] = shape.error.issues;
    return {
      problems: [{ field: String(issue?.path[0] ?? 'type'), message: issue?.message ?? 'does not fit' }],
    };
  }
  const { geometry, properties } = shape.data;
  const [longitude, latitude] = geometry.coordinates;
  return check(schema, { ...properties, longitude, latitude });
}

function featuresOf(text: string): readonly unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: 'the file is not JSON', cause });
  }
  const collection = collectionSchema.safeParse(json);
  if (collection.success) return collection.data.features;
  throw new OdographError('INPUT_INVALID', { detail: 'the file is no GeoJSON FeatureCollection' });
}
