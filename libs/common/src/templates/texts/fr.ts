import { type LocaleTexts } from './texts';

export const FR: LocaleTexts = {
  locale: 'fr',
  labels: {
    time: 'Heure',
    last_seen: 'Vu pour la dernière fois',
    speed: 'Vitesse',
    limit: 'Limite',
    peak: 'Vitesse maximale',
    duration: 'Durée',
    place: 'Lieu',
    runbook: 'Que faire',
    map: 'Carte',
    unsubscribe: 'Ne plus recevoir ces messages',
    stop_question: 'Ne plus recevoir ces messages ?',
    stop: 'Se désabonner',
    stopped: 'Vous ne recevrez plus ces messages.',
    more: '{{plural more one="et # autre" many="et # d’autres" other="et # autres"}}',
  },
  types: {
    'vehicle.overspeed.started': {
      subject: '{{device_name}} roule trop vite',
      lead: '{{device_name}} a dépassé la limite « {{reference_name}} ».',
      list: {
        subject: '{{plural collapsed_count one="# excès" many="# d’excès" other="# excès"}} de vitesse',
        lead: 'Il y a eu {{plural collapsed_count one="# excès" many="# d’excès" other="# excès"}} de vitesse :',
        item: '{{formatted.time}} : {{device_name}}, « {{reference_name}} »{{#if formatted.speed}}, {{formatted.speed}}{{/if}}',
      },
    },
    'vehicle.overspeed.ended': {
      subject: '{{device_name}} respecte de nouveau la limite',
      lead: '{{device_name}} respecte de nouveau la limite « {{reference_name}} ».',
      list: {
        subject:
          '{{plural collapsed_count one="# retour" many="# de retours" other="# retours"}} sous la limite',
        lead: 'Il y a eu {{plural collapsed_count one="# retour" many="# de retours" other="# retours"}} sous la limite :',
        item: '{{formatted.time}} : {{device_name}}, « {{reference_name}} »{{#if formatted.peak}}, jusqu’à {{formatted.peak}}{{/if}}',
      },
    },
    'vehicle.geofence.entered': {
      subject: '{{device_name}} est arrivé : {{reference_name}}',
      lead: '{{device_name}} est entré dans « {{reference_name}} ».',
      list: {
        subject: '{{plural collapsed_count one="# arrivée" many="# d’arrivées" other="# arrivées"}}',
        lead: 'Il y a eu {{plural collapsed_count one="# arrivée" many="# d’arrivées" other="# arrivées"}} dans vos zones :',
        item: '{{formatted.time}} : {{device_name}}, « {{reference_name}} »',
      },
    },
    'vehicle.geofence.exited': {
      subject: '{{device_name}} est parti : {{reference_name}}',
      lead: '{{device_name}} est sorti de « {{reference_name}} ».',
      list: {
        subject: '{{plural collapsed_count one="# départ" many="# de départs" other="# départs"}}',
        lead: 'Il y a eu {{plural collapsed_count one="# départ" many="# de départs" other="# départs"}} de vos zones :',
        item: '{{formatted.time}} : {{device_name}}, « {{reference_name}} »',
      },
    },
    'vehicle.sos': {
      subject: 'SOS de {{device_name}}',
      lead: 'Le bouton SOS de {{device_name}} a été actionné.',
    },
    'vehicle.offline': {
      subject: '{{device_name}} est hors ligne',
      lead: 'Plus rien ne vient de {{device_name}} depuis {{formatted.last_seen}}.',
      list: {
        subject:
          '{{plural collapsed_count one="# véhicule" many="# de véhicules" other="# véhicules"}} hors ligne',
        lead: 'Plus rien ne vient de {{plural collapsed_count one="# véhicule" many="# de véhicules" other="# véhicules"}} :',
        item: '{{device_name}}, vu pour la dernière fois : {{formatted.last_seen}}',
      },
    },
    'vehicle.online': {
      subject: '{{device_name}} est de nouveau en ligne',
      lead: '{{device_name}} émet de nouveau.',
      list: {
        subject:
          '{{plural collapsed_count one="# véhicule" many="# de véhicules" other="# véhicules"}} de nouveau en ligne',
        lead: '{{plural collapsed_count one="# véhicule émet" many="# de véhicules émettent" other="# véhicules émettent"}} de nouveau :',
        item: '{{formatted.time}} : {{device_name}}',
      },
    },
    'system.alert': {
      subject: '[Odograph] {{title}}',
      lead: '{{text}}',
    },
  },
};
