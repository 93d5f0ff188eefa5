/** What a message's fields come to, in bytes: byte strings and texts as they are, numbers as four. Framing is not counted. */
export function messageBytes(message: unknown): number {
  if (message instanceof Uint8Array) return message.length;
  if (typeof message === 'string') return Buffer.byteLength(message, 'utf8');
  if (typeof message === 'number') return 4;
  if (typeof message !== 'object' || message === null) return 0;
  return Object.values(message).reduce<number>((total, part) => total + messageBytes(part), 0);
}
