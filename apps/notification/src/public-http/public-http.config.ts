import { z } from 'zod';
import { listenAddress, settingGroup } from '@app/common/config';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Where people's clients reach this app; only read where a feature has something to offer there. */
export const publicHttpSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_PUBLIC_HTTP_ADDR: listenAddress(':8093').describe(
    'Listener of what people’s clients may reach, as `host:port`: unsubscribe links and the push gateway. TLS is the business of the proxy in front of it.',
  ),
  NOTIFICATION_PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, 'is no https URL (http only on this very host), or has a query')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe(
      'What clients call that listener by, as `https://notify.example.org`. Unset: no unsubscribe links.',
    ),
});

/** Links go into mails, so anything but https would hand the tokens in them to whoever listens. */
function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  if (search !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
