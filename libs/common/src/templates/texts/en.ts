import { type LocaleTexts } from './texts';

export const EN: LocaleTexts = {
  locale: 'en',
  labels: {
    time: 'Time',
    last_seen: 'Last seen',
    speed: 'Speed',
    limit: 'Limit',
    peak: 'Top speed',
    duration: 'Duration',
    place: 'Place',
    runbook: 'What to do',
    map: 'Map',
    unsubscribe: 'No more mails of this kind',
    stop_question: 'Stop mails of this kind?',
    stop: 'Stop them',
    stopped: 'You will get no more mails of this kind.',
    more: '{{plural more one="and # more" other="and # more"}}',
  },
  types: {
    'vehicle.overspeed.started': {
      subject: '{{device_name}} is too fast',
      lead: '{{device_name}} went over the limit of “{{reference_name}}”.',
      list: {
        subject: 'Too fast: {{plural collapsed_count one="# time" other="# times"}}',
        lead: 'Limits were broken {{plural collapsed_count one="# time" other="# times"}}:',
        item: '{{formatted.time}}: {{device_name}}, “{{reference_name}}”{{#if formatted.speed}}, {{formatted.speed}}{{/if}}',
      },
    },
    'vehicle.overspeed.ended': {
      subject: '{{device_name}} is back within the limit',
      lead: '{{device_name}} is back within the limit of “{{reference_name}}”.',
      list: {
        subject: 'Back within the limit: {{plural collapsed_count one="# time" other="# times"}}',
        lead: 'Vehicles came back within their limits {{plural collapsed_count one="# time" other="# times"}}:',
        item: '{{formatted.time}}: {{device_name}}, “{{reference_name}}”{{#if formatted.peak}}, up to {{formatted.peak}}{{/if}}',
      },
    },
    'vehicle.geofence.entered': {
      subject: '{{device_name}} arrived at {{reference_name}}',
      lead: '{{device_name}} entered “{{reference_name}}”.',
      list: {
        subject: '{{plural collapsed_count one="# arrival" other="# arrivals"}}',
        lead: '{{plural collapsed_count one="A vehicle" other="Vehicles"}} entered your areas {{plural collapsed_count one="# time" other="# times"}}:',
        item: '{{formatted.time}}: {{device_name}} entered “{{reference_name}}”',
      },
    },
    'vehicle.geofence.exited': {
      subject: '{{device_name}} left {{reference_name}}',
      lead: '{{device_name}} left “{{reference_name}}”.',
      list: {
        subject: '{{plural collapsed_count one="# departure" other="# departures"}}',
        lead: '{{plural collapsed_count one="A vehicle" other="Vehicles"}} left your areas {{plural collapsed_count one="# time" other="# times"}}:',
        item: '{{formatted.time}}: {{device_name}} left “{{reference_name}}”',
      },
    },
    'vehicle.sos': {
      subject: 'SOS from {{device_name}}',
      lead: 'The SOS button of {{device_name}} was pressed.',
    },
    'vehicle.offline': {
      subject: '{{device_name}} is offline',
      lead: 'Nothing has come from {{device_name}} since {{formatted.last_seen}}.',
      list: {
        subject: '{{plural collapsed_count one="# vehicle is" other="# vehicles are"}} offline',
        lead: 'Nothing comes any more from {{plural collapsed_count one="# vehicle" other="# vehicles"}}:',
        item: '{{device_name}}, last seen {{formatted.last_seen}}',
      },
    },
    'vehicle.online': {
      subject: '{{device_name}} is back online',
      lead: '{{device_name}} is sending again.',
      list: {
        subject: '{{plural collapsed_count one="# vehicle is" other="# vehicles are"}} back online',
        lead: '{{plural collapsed_count one="# vehicle is" other="# vehicles are"}} sending again:',
        item: '{{formatted.time}}: {{device_name}}',
      },
    },
    'system.alert': {
      subject: '[Odograph] {{title}}',
      lead: '{{text}}',
    },
  },
};
