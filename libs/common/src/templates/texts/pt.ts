import { type LocaleTexts } from './texts';

export const PT: LocaleTexts = {
  locale: 'pt',
  labels: {
    time: 'Hora',
    last_seen: 'Visto pela última vez',
    speed: 'Velocidade',
    limit: 'Limite',
    peak: 'Velocidade máxima',
    duration: 'Duração',
    place: 'Local',
    runbook: 'O que fazer',
    map: 'Mapa',
    unsubscribe: 'Não receber mais estas mensagens',
    stop_question: 'Não receber mais estas mensagens?',
    stop: 'Cancelar',
    stopped: 'Não receberá mais estas mensagens.',
    more: '{{plural more one="e mais #" many="e mais #" other="e mais #"}}',
  },
  types: {
    'vehicle.overspeed.started': {
      subject: '{{device_name}} está em excesso de velocidade',
      lead: '{{device_name}} ultrapassou o limite de “{{reference_name}}”.',
      list: {
        subject:
          '{{plural collapsed_count one="# excesso" many="# de excessos" other="# excessos"}} de velocidade',
        lead: 'Houve {{plural collapsed_count one="# excesso" many="# de excessos" other="# excessos"}} de velocidade:',
        item: '{{formatted.time}}: {{device_name}}, “{{reference_name}}”{{#if formatted.speed}}, {{formatted.speed}}{{/if}}',
      },
    },
    'vehicle.overspeed.ended': {
      subject: '{{device_name}} voltou a respeitar o limite',
      lead: '{{device_name}} voltou a respeitar o limite de “{{reference_name}}”.',
      list: {
        subject:
          '{{plural collapsed_count one="# regresso" many="# de regressos" other="# regressos"}} ao limite',
        lead: 'Houve {{plural collapsed_count one="# regresso" many="# de regressos" other="# regressos"}} ao limite:',
        item: '{{formatted.time}}: {{device_name}}, “{{reference_name}}”{{#if formatted.peak}}, até {{formatted.peak}}{{/if}}',
      },
    },
    'vehicle.geofence.entered': {
      subject: '{{device_name}} chegou: {{reference_name}}',
      lead: '{{device_name}} entrou em “{{reference_name}}”.',
      list: {
        subject: '{{plural collapsed_count one="# chegada" many="# de chegadas" other="# chegadas"}}',
        lead: 'Houve {{plural collapsed_count one="# chegada" many="# de chegadas" other="# chegadas"}} nas suas áreas:',
        item: '{{formatted.time}}: {{device_name}} em “{{reference_name}}”',
      },
    },
    'vehicle.geofence.exited': {
      subject: '{{device_name}} saiu: {{reference_name}}',
      lead: '{{device_name}} saiu de “{{reference_name}}”.',
      list: {
        subject: '{{plural collapsed_count one="# saída" many="# de saídas" other="# saídas"}}',
        lead: 'Houve {{plural collapsed_count one="# saída" many="# de saídas" other="# saídas"}} das suas áreas:',
        item: '{{formatted.time}}: {{device_name}} de “{{reference_name}}”',
      },
    },
    'vehicle.sos': {
      subject: 'SOS de {{device_name}}',
      lead: 'O botão SOS de {{device_name}} foi premido.',
    },
    'vehicle.offline': {
      subject: '{{device_name}} está offline',
      lead: 'Nada chega de {{device_name}} desde {{formatted.last_seen}}.',
      list: {
        subject: '{{plural collapsed_count one="# veículo" many="# de veículos" other="# veículos"}} offline',
        lead: 'Nada chega de {{plural collapsed_count one="# veículo" many="# de veículos" other="# veículos"}}:',
        item: '{{device_name}}, visto pela última vez: {{formatted.last_seen}}',
      },
    },
    'vehicle.online': {
      subject: '{{device_name}} está de novo online',
      lead: '{{device_name}} voltou a transmitir.',
      list: {
        subject:
          '{{plural collapsed_count one="# veículo" many="# de veículos" other="# veículos"}} de novo online',
        lead: '{{plural collapsed_count one="# veículo voltou" many="# de veículos voltaram" other="# veículos voltaram"}} a transmitir:',
        item: '{{formatted.time}}: {{device_name}}',
      },
    },
    'system.alert': {
      subject: '[Odograph] {{title}}',
      lead: '{{text}}',
    },
  },
};
