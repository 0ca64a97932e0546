import { type LocaleTexts } from './texts';

export const DE: LocaleTexts = {
  locale: 'de',
  labels: {
    time: 'Zeit',
    last_seen: 'Zuletzt gesehen',
    speed: 'Geschwindigkeit',
    limit: 'Grenze',
    peak: 'Höchstgeschwindigkeit',
    duration: 'Dauer',
    place: 'Ort',
    runbook: 'Was zu tun ist',
    map: 'Karte',
    unsubscribe: 'Keine solchen Mails mehr',
    stop_question: 'Keine solchen Mails mehr?',
    stop: 'Abbestellen',
    stopped: 'Sie bekommen keine solchen Mails mehr.',
    more: '{{plural more one="und # weiteres" other="und # weitere"}}',
  },
  types: {
    'vehicle.overspeed.started': {
      subject: '{{device_name}} ist zu schnell',
      lead: '{{device_name}} hat die Grenze von „{{reference_name}}“ überschritten.',
      list: {
        subject: '{{plural collapsed_count one="#-mal" other="#-mal"}} zu schnell',
        lead: 'Grenzen wurden {{plural collapsed_count one="#-mal" other="#-mal"}} überschritten:',
        item: '{{formatted.time}}: {{device_name}}, „{{reference_name}}“{{#if formatted.speed}}, {{formatted.speed}}{{/if}}',
      },
    },
    'vehicle.overspeed.ended': {
      subject: '{{device_name}} hält die Grenze wieder ein',
      lead: '{{device_name}} hält die Grenze von „{{reference_name}}“ wieder ein.',
      list: {
        subject: '{{plural collapsed_count one="#-mal" other="#-mal"}} wieder innerhalb der Grenze',
        lead: 'Grenzen werden wieder eingehalten, {{plural collapsed_count one="#-mal" other="#-mal"}}:',
        item: '{{formatted.time}}: {{device_name}}, „{{reference_name}}“{{#if formatted.peak}}, bis {{formatted.peak}}{{/if}}',
      },
    },
    'vehicle.geofence.entered': {
      subject: '{{device_name}} ist in {{reference_name}} angekommen',
      lead: '{{device_name}} ist in „{{reference_name}}“ eingefahren.',
      list: {
        subject: '{{plural collapsed_count one="# Ankunft" other="# Ankünfte"}}',
        lead: 'In Ihren Gebieten gab es {{plural collapsed_count one="# Ankunft" other="# Ankünfte"}}:',
        item: '{{formatted.time}}: {{device_name}} in „{{reference_name}}“',
      },
    },
    'vehicle.geofence.exited': {
      subject: '{{device_name}} hat {{reference_name}} verlassen',
      lead: '{{device_name}} hat „{{reference_name}}“ verlassen.',
      list: {
        subject: '{{plural collapsed_count one="# Abfahrt" other="# Abfahrten"}}',
        lead: 'In Ihren Gebieten gab es {{plural collapsed_count one="# Abfahrt" other="# Abfahrten"}}:',
        item: '{{formatted.time}}: {{device_name}} aus „{{reference_name}}“',
      },
    },
    'vehicle.sos': {
      subject: 'SOS von {{device_name}}',
      lead: 'Der SOS-Knopf von {{device_name}} wurde gedrückt.',
    },
    'vehicle.offline': {
      subject: '{{device_name}} ist offline',
      lead: 'Von {{device_name}} kommt seit {{formatted.last_seen}} nichts mehr.',
      list: {
        subject: '{{plural collapsed_count one="# Fahrzeug ist" other="# Fahrzeuge sind"}} offline',
        lead: 'Von {{plural collapsed_count one="# Fahrzeug" other="# Fahrzeugen"}} kommt nichts mehr:',
        item: '{{device_name}}, zuletzt gesehen {{formatted.last_seen}}',
      },
    },
    'vehicle.online': {
      subject: '{{device_name}} ist wieder online',
      lead: '{{device_name}} sendet wieder.',
      list: {
        subject: '{{plural collapsed_count one="# Fahrzeug ist" other="# Fahrzeuge sind"}} wieder online',
        lead: '{{plural collapsed_count one="# Fahrzeug sendet" other="# Fahrzeuge senden"}} wieder:',
        item: '{{formatted.time}}: {{device_name}}',
      },
    },
    'system.alert': {
      subject: '[Odograph] {{title}}',
      lead: '{{text}}',
    },
  },
};
