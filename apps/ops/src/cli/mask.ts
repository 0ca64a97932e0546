import { maskImei } from '@app/common/observability';

const IMEI = /(?<!\d)\d{15}(?!\d)/g;

/** Text in which whatever looks like an IMEI is masked. */
export const withMaskedImeis = (text: string): string => text.replace(IMEI, maskImei);

/** `ann@example.com` as `a***@example.com`: whose domain it is helps, whose mailbox is nobody's business. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return at <= 0 ? '***' : `${address[0]}***${address.slice(at)}`;
}
