import { expect, test } from 'vitest';

import { dataByStream } from './http2-data.ts';

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

test('a message split over frames and mixed with another stream is read whole', () => {
  const wire = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(6)),
    frame(0, 0, 1, Buffer.from('no pur')),
    frame(0, 0x8, 3, Buffer.from([2, ...Buffer.from('other'), 0, 0])),
    frame(0, 0, 1, Buffer.from('chases')),
  ]);
  const streams = dataByStream(wire, true);
  expect(streams.get(1)?.toString()).toBe('no purchases');
  expect(streams.get(3)?.toString()).toBe('other');
});
