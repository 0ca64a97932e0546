import { type Command } from 'commander';
import { readGeoJson, registerNoun, type Noun, type Surroundings } from '../cli';
import { geofenceDraft, geofenceKey, type GeofenceDraft, type GeofenceKey } from './geofence.schema';
import {
  findGeofences,
  listGeofences,
  putGeofence,
  removeGeofence,
  type GeofenceRow,
} from './geofence.service';

const tenantOption = (command: Command): Command =>
  command.option('--tenant <id>', 'tenant whose devices it is for (default: "default")');

const geofenceNoun: Noun<GeofenceDraft, GeofenceKey, GeofenceRow> = {
  name: 'geofence',
  thing: 'geofence',
  summary: 'circles whose entering and leaving is an event',
  argument: 'name',
  columns: [
    { heading: 'NAME', of: ({ name }) => name },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'LONGITUDE', of: ({ longitude }) => longitude },
    { heading: 'LATITUDE', of: ({ latitude }) => latitude },
    { heading: 'RADIUS_M', of: ({ radius_m: radiusM }) => radiusM },
    { heading: 'HYSTERESIS_M', of: ({ hysteresis_m: hysteresisM }) => hysteresisM },
    { heading: 'DWELL_S', of: ({ dwell_s: dwellS }) => dwellS },
    { heading: 'VERSION', of: ({ version }) => version },
    { heading: 'VALID_FROM', of: ({ valid_from: validFrom }) => validFrom },
  ],
  draft: geofenceDraft,
  key: geofenceKey,
  addOptions: (command) =>
    tenantOption(
      command
        .requiredOption('--longitude <degrees>', 'of the centre, WGS 84')
        .requiredOption('--latitude <degrees>', 'of the centre, WGS 84')
        .requiredOption('--radius-m <metres>', 'from the centre to the line')
        .option(
          '--hysteresis-m <metres>',
          'how far beyond the line is outside (default: a tenth of the radius, at least 20)',
        )
        .option('--dwell-s <seconds>', 'how long a vehicle must stay across the line (default: 10)')
        .option('--since <moment>', 'judge records from this event time on (default: now)'),
    ),
  showOptions: tenantOption,
  removeOptions: tenantOption,
  examples: {
    add: 'odo geofence add Depot --longitude 13.3777 --latitude 52.5163 --radius-m 250',
    show: 'odo geofence show Depot',
    remove: 'odo geofence remove Depot',
    import: 'odo geofence import sites.geojson',
  },
  addNotes: [
    'A fence that is there already becomes what is given, as a new version; what is left out is the default again.',
    'A moment is 2026-01-31T08:00:00Z, 2026-01-31, 1769846400 (seconds or milliseconds since 1970) or epoch.',
    'Negative degrees are written with "=": --longitude=-0.1276',
  ].join('\n'),
  file: {
    kind: 'GeoJSON',
    notes: [
      'The file is a FeatureCollection of Points with the properties name and radius_m, and hysteresis_m, dwell_s,',
      'since and tenant where they are to differ from the default. Other properties are left out.',
    ].join('\n'),
    read: (text) => readGeoJson(text, geofenceDraft),
    identify: ({ tenant, name }) => JSON.stringify([tenant, name]),
  },
  put: putGeofence,
  list: listGeofences,
  find: findGeofences,
  remove: removeGeofence,
};

/** `odo geofence add|list|show|remove|import`. */
export function registerGeofence(program: Command, surroundings: Surroundings): void {
  registerNoun(program, surroundings, geofenceNoun);
}
