import { BadValue } from './errors.ts';

/** A TCP port from 0 (any free one) to 65535. Throws BadValue. */
export function parsePort(text: string): number {
  if (!isPort(text)) throw new BadValue('is not a port; write a number from 1 to 65535');
  return Number(text);
}

/** A port, or false for a server that is switched off. Throws BadValue. */
export function parsePortOrOff(text: string): number | false {
  if (text === 'false') return false;
  if (!isPort(text))
    throw new BadValue('is not a port; write a number from 1 to 65535, or false to switch it off');
  return Number(text);
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}
